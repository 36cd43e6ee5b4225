"""What docs/login.md says of local accounts is done here, as it stands there."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path

from tests.engine.world import until
from tests.server.desk import Desk
from trimtab.render import yaml
from trimtab.server.auth.secrets import INITIAL_SECRET

LOGIN = Path(__file__).parents[3] / "docs/login.md"
CHAPTER = "## Local accounts and tokens\n"


def blocks() -> list[tuple[str, str]]:
    """(language, text) of the code in the chapter."""
    chapter = LOGIN.read_text().partition(CHAPTER)[2].partition("\n## ")[0]
    return re.findall(r"```(\w+)\n(.*?)```", chapter, re.DOTALL)


async def run(desk: Desk, kubeconfig: Path, script: str) -> str:
    """What the commands print, each of which is to succeed."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(desk.folder),
        "KUBECONFIG": str(kubeconfig),
        "SERVER": desk.running.url,
    }
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", script, env=environment, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, (out.decode(), err.decode())
    return out.decode()


async def test_the_chapter_s_commands_do_what_it_says(empty_desk: Desk, tmp_path: Path) -> None:
    desk = empty_desk
    await desk.start()
    await desk.running.ready()
    script = ""
    for language, text in blocks():
        local = text.replace("-n argocd", f"-n {desk.control}")
        if language == "bash":
            script += local
            continue
        (document,) = yaml.load_all(local, origin=str(LOGIN))
        document.value["metadata"]["namespace"] = desk.control
        await desk.apply(document.value, by="tests", force=True)

    async def known() -> Mapping[str, str]:
        return desk.running.served.configuration.config_map("argocd-cm")

    await until(known, lambda config: "accounts.ada" in config)
    printed = await run(desk, tmp_path / "kubeconfig", script)
    assert '{"loggedIn":true,"username":"ci","iss":"argocd"}' in printed
    assert '"id":"build-server"' in printed
    assert await desk.get("Secret", INITIAL_SECRET, namespace=desk.control) is None
    assert await desk.login("ada", "battery-staple")
