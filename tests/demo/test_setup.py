"""`trimtab demo setup`: by itself, and with somebody who clicks in a real browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.demo.played import Played, played
from trimtab.demo.setup.stage import setup_stage
from trimtab.errors import Stalled

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
pytestmark = [pytest.mark.timeout(180), pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser: Browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(ignore_https_errors=True)
        yield await context.new_page()
        await browser.close()


async def test_once_everything_is_observed(tmp_path: Path) -> None:
    async with played(tmp_path, "setup", "--once") as demo:
        assert await demo.process.wait() == 0, demo.said
        assert "Every step was observed" in demo.said
        assert demo.said.count("ana clicks: ") == 3
        assert "acme:platform" in demo.said
        assert "PRIVATE KEY" not in demo.said
        assert "ERROR" not in demo.said
        assert "trimtab/demo/web: Deployed" in demo.said


async def test_a_newcomer_clicks_through_it(tmp_path: Path, page: Page) -> None:
    async with played(tmp_path, "setup") as demo:
        await demo.says(r"(Carry this out\?)")
        demo.type("y\n")
        await page.goto(await demo.says(r"^  (http://127\.0\.0\.1:\d+)$"))
        await _click_through(page)
        url = await demo.says(r"is set up: (https://\S+)")
        await demo.says(r"(It is yours now)")
        await _log_in(page, url, demo)
        assert await demo.interrupt() == 0


async def test_who_says_no_has_changed_nothing(tmp_path: Path) -> None:
    async with played(tmp_path, "setup") as demo:
        await demo.says(r"(Carry this out\?)")
        demo.type("n\n")
        await demo.says(r"(you said no: nothing was made)")


async def test_what_is_missing_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("trimtab.demo.nginx.PLACES", "/nowhere")
    with pytest.raises(Stalled, match="apt-get install nginx-light openssh-server openssh-client"):
        async with setup_stage(stay=False):
            pass


async def _click_through(page: Page) -> None:
    """Sign in, and the three clicks."""
    await page.get_by_role("button", name="Sign in as ana").click()
    await page.get_by_role("button", name="Create GitHub App").click()
    await page.get_by_text("Only select repositories").click()
    await page.get_by_text("acme/infrastructure").click()
    await page.get_by_role("button", name="Install").click()
    await page.get_by_role("button", name="Authorize as ana").click()
    await expect(page.get_by_text("That was all here")).to_be_visible()


async def _log_in(page: Page, url: str, demo: Played) -> None:
    """GitHub knows ana, and has her consent, from before."""
    await page.goto(url)
    await page.get_by_text("Log in with GitHub").click()
    row = page.locator("tr", has_text="web")
    await expect(row).to_contain_text("Synced", timeout=20_000)
    await expect(row).to_contain_text("Healthy")
    await expect(page.locator("#live")).to_have_class("dot on")
    assert "1.1.0" in demo.said
