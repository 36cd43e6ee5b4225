"""The commands of docs/objects.md are run as they stand there, and its tables are those of the code."""

import asyncio
import re
from pathlib import Path

from tests.server.desk import Desk
from trimtab.server.live.actions import ACTIONS

PAGE = (Path(__file__).parents[3] / "docs/objects.md").read_text()


async def run(desk: Desk, command: str) -> str:
    """What it prints; a reply of 400 or more is a failure."""
    given = {"ARGOCD_SERVER": desk.running.url, "TOKEN": await desk.login("admin")}
    given |= {"APP": desk.named(), "PLACE": desk.place, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    strictly = command.replace("curl -s ", "curl -sS --fail-with-body ", 1)
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", strictly, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=given
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, f"{command}\n{printed.decode()}"
    return printed.decode()


async def test_commands(shop: Desk) -> None:
    commands = re.findall(r"^curl .*$", PAGE.replace("\\\n", ""), re.MULTILINE)
    assert len(commands) == 10
    for command in commands:
        assert await run(shop, command)


def test_actions() -> None:
    listed = {
        kind: re.findall(r"`([a-z-]+)`", line) for kind, line in re.findall(r"^\| (\w+) \| (`.*) \|$", PAGE, re.M)
    }
    assert listed == {kind: sorted(action.name for action in actions) for (_, kind), actions in ACTIONS.items()}
