"""The page of set-up on loopback, when somebody else than the person who sets up has a hand in it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientResponse
from playwright.async_api import async_playwright

from tests.server.test_browser import ARGUMENTS, CHROMIUM
from tests.setup.clicks import browser
from tests.setup.place import Place
from tests.setup.terminal import Scripted
from trimtab.errors import Stalled
from trimtab.fakegithub.shapes import applications
from trimtab.fakegithub.state import State
from trimtab.setup import pages

Attack = Callable[[str], Awaitable[None]]


async def asked(url: str, **headers: str) -> ClientResponse:
    """The answer to somebody without the cookies of the person; redirects are not followed."""
    async with browser() as session, session.get(url, headers=headers, allow_redirects=False) as answer:
        await answer.read()
        return answer


async def state_of(url: str) -> str:
    """What anybody on this machine may read from the page."""
    async with browser() as session, session.get(url) as answer:
        found = re.search(r'action="([^"]+)"', await answer.text())
    assert found
    return parse_qs(urlsplit(found[1]).query)["state"][0]


async def set_up_under(place: Place, attack: Attack) -> Scripted:
    """A whole set-up, attacked when the page has just been opened; the attack takes nothing and stops nothing."""

    async def browse(url: str) -> None:
        await attack(url)
        assert "privateKey" not in await place.cluster.secret("trimtab-github-app")
        await place.visit(url)

    terminal = Scripted(browse)
    assert await place.set_up(place.environment(), terminal) == "done"
    assert (await place.cluster.secret("trimtab-github-app"))["owner"] == "acme"
    return terminal


async def test_other_sites_get_nothing(place: Place) -> None:
    code = place.github.world.conversion(place.github.world.github_app("evil", "Evil"))

    async def attack(url: str) -> None:
        port = urlsplit(url).port
        for name in ("evil.example", f"evil.example:{port}", f"localhost:{port}", "127.0.0.1"):
            assert (await asked(url, Host=name)).status == 421, name
        for query in (f"code={code}", f"code={code}&state=", f"code={code}&state=guessed"):
            assert (await asked(f"{url}/created?{query}")).status == 502
            assert (await asked(f"{url}/authorized?{query}")).status == 502
        assert (await asked(f"{url}/installed?installation_id=1&setup_action=install")).status == 502

    await set_up_under(place, attack)
    assert place.github.world.convert(code), "nobody has asked GitHub for it"


async def test_the_app_of_somebody_else_is_not_taken(place: Place) -> None:
    app = place.github.world.github_app("evil", "Evil")

    async def attack(url: str) -> None:
        query = f"code={place.github.world.conversion(app)}&state={await state_of(url)}"
        assert (await asked(f"{url}/created?{query}")).status == 502

    terminal = await set_up_under(place, attack)
    assert "GitHub App evil belongs to evil, not to acme: it is not used" in terminal.heard


async def test_a_browser_is_sent_to_no_other_host(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = applications.app

    def lying(state: State, found: Any) -> dict[str, Any]:
        return {**shape(state, found), "html_url": "https://evil.example/apps/x"}

    monkeypatch.setattr(applications, "app", lying)
    terminal = place.terminal()
    with pytest.raises(Stalled, match="nobody has finished the clicks"):
        await place.set_up(place.environment(), terminal, click_patience=1.0)
    assert len(place.visitor.clicks) == 1
    [said] = [text for text in terminal.heard if "evil.example" in text]
    assert re.match(r"environment.yaml:\d+: github.url: GitHub says that its pages are at evil.example, not at ", said)


async def test_the_page_runs_nothing_of_others(place: Place) -> None:
    async def attack(url: str) -> None:
        headers = (await asked(url)).headers
        assert headers["Content-Security-Policy"] == pages.POLICY
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"

    await set_up_under(place, attack)
    evil = "<script>alert(1)</script>\"'"
    for page in (
        pages.trouble(evil, again=evil),
        pages.done(evil),
        pages.waiting(evil),
        pages.elsewhere(evil, evil),
        pages.create_app(evil, {"name": evil}),
    ):
        assert "<script>alert" not in page
        assert evil not in page
    assert "script-src 'sha256-" in pages.POLICY


async def test_addresses_in_a_message_can_be_clicked() -> None:
    page = pages.trouble("delete it at https://github.example/apps/x, then open http://127.0.0.1:1 again")
    assert '<a href="https://github.example/apps/x">' in page
    assert '<a href="http://127.0.0.1:1">' in page


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_browser_goes_on_to_github_by_itself(place: Place) -> None:
    async def attack(url: str) -> None:
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = await chromium.new_page()
            await page.goto(url)
            await page.wait_for_url(f"{place.github.url}/**")
            await chromium.close()

    await set_up_under(place, attack)
