"""`python -m bench [SCENARIO …]`: run scenarios, each on a fresh cluster, and print one table."""

import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from bench.scenarios.first_sync import first_sync
from bench.scenarios.fleet import fleet
from bench.scenarios.list import listing
from bench.scenarios.memory import memory
from bench.scenarios.quiet import quiet
from bench.scenarios.streams import streams
from bench.scenarios.webhook import webhook
from bench.stage import Stage, stage
from bench.table import Row, render

SCENARIOS: dict[str, Callable[[Stage], Awaitable[list[Row]]]] = {
    "first-sync": first_sync,
    "fleet": fleet,
    "quiet": quiet,
    "memory": memory,
    "list": listing,
    "streams": streams,
    "webhook": webhook,
}


async def _run(name: str) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="trimtab-bench-") as folder:
        async with stage(Path(folder)) as made:
            return await SCENARIOS[name](made)


def main(names: list[str]) -> int:
    """Exit code 0 when every budget is met, 1 otherwise, 2 for an unknown scenario."""
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        print(f"no scenario {unknown[0]}; there are: {', '.join(SCENARIOS)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or SCENARIOS:
        print(f"running {name} …", file=sys.stderr, flush=True)
        rows += uvloop.run(_run(name))
    print(render(rows))
    return 0 if all(r.met is not False for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
