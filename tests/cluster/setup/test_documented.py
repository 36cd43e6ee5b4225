"""What docs/setup.md says is done here, as it stands there: from nothing to the protected UI, and back."""

import asyncio
import contextlib
import os
import re
import sys
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.cluster.setup.command_line import Command
from tests.cluster.setup.conftest import Person
from tests.setup.place import Place
from tools.controlplane.run import ControlPlane
from trimtab.render.yaml import dump, load

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore::ResourceWarning")]
ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/setup.md").read_text()
QUESTION = "Carry this out? [y/N]"
OPENED = re.compile(r"Open this page to [^:]*:\s+(http://\S+)")
CLONED = "git@github.com:acme/infrastructure.git"


def blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


class Newcomer:
    """Types what the page says, says yes, and clicks what there is to click."""

    def __init__(self, place: Place, cluster: ControlPlane, folder: Path) -> None:
        self.place = place
        self.cluster = cluster
        self.folder = folder

    async def types(self, script: str) -> str:
        """What is printed; every command has to succeed."""
        programs = (str(Path(sys.executable).parent), str(self.cluster.programs.path("kubectl").parent))
        command = Command(
            *("-euo", "pipefail", "-c", script),
            program=["bash"],
            folder=self.folder,
            kubeconfig=self.cluster.kubeconfig(),
            PATH=":".join((*programs, os.environ["PATH"])),
            HOME=str(self.folder),
            BROWSER="true",
            **self._git(),
        )
        await command.start()
        helping = asyncio.create_task(self._help(command))
        try:
            assert await command.ended(within=240) == 0, command.output
        finally:
            helping.cancel()
            # Most commands ask nothing: then they end while it waits for a question.
            with contextlib.suppress(asyncio.CancelledError, AssertionError):
                await helping
        return command.output

    async def _help(self, command: Command) -> None:
        await command.said(re.escape(QUESTION), within=240)
        command.type("y")
        found = OPENED.search(await command.said(OPENED.pattern, within=240))
        assert found is not None
        await self.place.visit(found[1])

    def _git(self) -> dict[str, str]:
        """The person's own access to GitHub, which is another here."""
        token = self.place.github.world.personal_token("ada", "repo")
        there = self.place.github.clone_url("acme/infrastructure").replace("://", f"://ada:{token}@")
        options = {f"url.{there}.insteadOf": CLONED, "user.name": "Ada", "user.email": "ada@acme.example"}
        found = {"GIT_CONFIG_COUNT": str(len(options))}
        for number, (key, value) in enumerate(options.items()):
            found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return found


def as_on_the_page(place: Place) -> str:
    """The environment file of the page, with the addresses of this test."""
    [shown] = blocks("yaml")
    page, here = load(shown, origin="docs/setup.md"), load(place.environment(), origin="here")
    page["teams"].remove("shop")
    return dump({**page, **{key: here[key] for key in ("domain", "ingress", "github")}})


async def test_from_nothing_to_the_protected_ui(
    place: Place, empty_cluster: ControlPlane, browser: Person, tmp_path: Path
) -> None:
    place.github.world.repository("acme/infrastructure", files={"README.md": "# Infrastructure\n"})
    newcomer = Newcomer(place, empty_cluster, tmp_path)
    scaffold, look, set_up, declare, wait, doctor, rotate, teardown = blocks("sh")
    await newcomer.types(scaffold)
    assert "kind: Environment" in (tmp_path / "environment.yaml").read_text()
    (tmp_path / "environment.yaml").write_text(as_on_the_page(place))
    assert "Plan: create" in await newcomer.types(look)
    assert f"is set up: {place.url}" in await newcomer.types(set_up)
    await newcomer.types(declare)
    await newcomer.types(wait)
    async with browser("ada") as context:
        page = await context.new_page()
        await page.goto(f"{place.url}/login")
        await page.get_by_role("link", name="GitHub").click()
        await expect(page.get_by_text("web", exact=True).first).to_be_visible()
    found = await newcomer.types(doctor)
    assert re.search(r"\d+ errors?, \d+ warnings?, \d+ well", found)
    await newcomer.types(rotate)
    said = await newcomer.types(teardown)
    assert "Environment production is gone." in said
    assert place.github.world.repositories["acme/infrastructure"].keys == []
