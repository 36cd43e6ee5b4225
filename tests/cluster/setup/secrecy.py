"""Nothing secret is to be seen: every command line of this machine is watched, and everything that was written."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

LOOK_EVERY = 0.02
SHORTEST = 16


class Onlooker:
    """Somebody with `ps` in a loop."""

    def __init__(self) -> None:
        self.command_lines: set[str] = set()

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.to_thread(self._look)
            await asyncio.sleep(LOOK_EVERY)

    def _look(self) -> None:
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                for name in ("cmdline", "environ"):
                    if name == "cmdline":
                        self.command_lines.add(
                            (process / name).read_bytes().replace(b"\0", b" ").decode(errors="replace")
                        )


def leaks(secrets: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The beginnings of secrets that stand in a text, also as base64."""
    seen = "\n".join(texts)
    wanted = {secret.strip() for secret in secrets if len(secret.strip()) >= SHORTEST}
    wanted |= {line for secret in wanted for line in secret.splitlines() if len(line) >= 40 and "-----" not in line}
    coded = {base64.b64encode(secret.encode()).decode() for secret in wanted}
    return sorted(secret[:8] for secret in wanted | coded if secret in seen)
