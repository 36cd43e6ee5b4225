"""`trimtab login --sso`: the command line, the browser, the server and the provider together."""

import asyncio
from collections.abc import Callable

import pytest

from tests.engine.world import until
from tests.server.auth_sso.test_github import dex
from tests.server.auth_sso.visitor import Visitor
from tests.server.desk import Desk
from tests.servers.github_contract import GitHubContract
from trimtab.cli.browser_login import browser_login
from trimtab.cli.contexts import Context
from trimtab.cli.server_client import ServerClient
from trimtab.errors import Stalled
from trimtab.fakegithub.server import FakeGitHub


async def _configured(desk: Desk, github: FakeGitHub) -> None:
    url = desk.running.url
    for login in ("ada", "eve"):
        github.world.user(login)
    github.world.organisation("acme", "ada")
    app = github.world.app(f"{url}/api/dex/callback")
    await desk.installed("ConfigMap", "argocd-cm", {"url": url, "dex.config": dex(github, app)})

    async def known() -> bool:
        return bool(desk.running.served.sign_on.connectors)

    await until(known, bool)


def _browse(monkeypatch: pytest.MonkeyPatch, visitor: Visitor, login: str) -> None:
    """The person follows the link that the command shows, to wherever it leads."""
    loop = asyncio.get_running_loop()

    async def follow(url: str) -> None:
        back = await visitor.consent((await visitor.get(url)).location, login)
        arrival = await visitor.get(back)
        await visitor.get(arrival.location)

    def show(url: str) -> None:
        asyncio.run_coroutine_threadsafe(follow(url), loop)

    monkeypatch.setattr("trimtab.cli.browser_login.show", show)


async def test_a_member(desk: Desk, visitors: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch) -> None:
    url = desk.running.url
    async with FakeGitHub(validator=GitHubContract()) as github:
        await _configured(desk, github)
        _browse(monkeypatch, visitors(url), "ada")
        token = await browser_login(ServerClient(Context(server=url)))
        who = await ServerClient(Context(server=url, token=token)).get("session", "userinfo")
        assert (who["loggedIn"], who["username"]) == (True, "ada")


async def test_an_outsider(desk: Desk, visitors: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch) -> None:
    url = desk.running.url
    async with FakeGitHub(validator=GitHubContract()) as github:
        await _configured(desk, github)
        _browse(monkeypatch, visitors(url), "eve")
        with pytest.raises(Stalled, match="refused"):
            await asyncio.wait_for(browser_login(ServerClient(Context(server=url))), 20)
