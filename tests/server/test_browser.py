"""The first pages in a real browser: logging in, the live list, the phone, and nothing that the CSP would refuse."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from tests.server.desk import PASSWORD, Desk

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


async def a_page(browser: Browser, complaints: list[str], **options: Any) -> Page:
    """A page of its own session; what the browser complains of is collected, but for answers that say no."""
    context = await browser.new_context(**options)
    page = await context.new_page()

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "401" not in message.text:
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


async def log_in(page: Page, desk: Desk, *, password: str = PASSWORD) -> None:
    await page.fill("input[name=username]", "admin")
    await page.fill("input[name=password]", password)
    await page.click("button.primary")


async def test_log_in_and_watch(desk: Desk, browser: Browser) -> None:
    app = desk.an_app(auto_sync=False)
    app["metadata"]["annotations"] = {"argocd.argoproj.io/skip-reconcile": "true"}
    await desk.create({**app, "status": {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}})
    complaints: list[str] = []
    page = await a_page(browser, complaints)
    await page.goto(f"{desk.running.url}/applications")
    await page.wait_for_url("**/login?return_url=%2Fapplications")
    await log_in(page, desk, password="wrong-horse")
    await expect(page.locator("#problem")).to_have_text("Invalid username or password")
    await log_in(page, desk)
    await page.wait_for_url("**/applications")
    row = page.locator("tr", has_text=desk.named())
    await expect(row).to_contain_text("Synced")
    await expect(page.locator("#live")).to_have_class("dot on")
    await desk.edit({"status": {"sync": {"status": "OutOfSync"}, "health": {"status": "Degraded"}}})
    await expect(row).to_contain_text("OutOfSync")
    await expect(row).to_contain_text("Degraded")
    await desk.delete("Application", desk.named(), namespace=desk.control)
    await expect(row).to_have_count(0)
    await expect(page.locator("#empty")).to_be_visible()
    await page.click("#logout")
    await page.wait_for_url("**/login")
    await page.goto(desk.running.url)
    await page.wait_for_url("**/login?return_url=%2F")
    assert complaints == []


async def test_names_are_text_and_never_markup(desk: Desk, browser: Browser) -> None:
    app = desk.an_app(auto_sync=False, spec={"project": "<img src=x onerror=alert(1)>"})
    app["metadata"]["annotations"] = {"argocd.argoproj.io/skip-reconcile": "true"}
    await desk.create(app)
    complaints: list[str] = []
    page = await a_page(browser, complaints)
    await page.goto(f"{desk.running.url}/login?return_url=https://evil.example/")
    await log_in(page, desk)
    await page.wait_for_url(f"{desk.running.url}/")
    await expect(page.locator("tr small")).to_have_text("<img src=x onerror=alert(1)>")
    assert await page.locator("tr img").count() == 0
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone_nothing_is_wider_than_the_screen(desk: Desk, browser: Browser, scheme: str) -> None:
    app = desk.an_app("a-rather-long-name-of-an-application-in-some-place", auto_sync=False)
    app["metadata"]["annotations"] = {"argocd.argoproj.io/skip-reconcile": "true"}
    await desk.create(app)
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "color_scheme": scheme}
    page = await a_page(browser, [], **phone)
    await page.goto(desk.running.url)
    await log_in(page, desk)
    await expect(page.locator("tbody tr")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_single_sign_on_is_offered(empty_desk: Desk, browser: Browser) -> None:
    dex = (
        "connectors:\n- type: github\n  id: github\n  name: GitHub\n"
        "  config: {clientID: a, clientSecret: b, orgs: [{name: acme, teams: [platform]}]}\n"
    )
    await empty_desk.prepare(
        cm={"dex.config": dex, "admin.enabled": "false", "accounts.ada": "apiKey", "accounts.eve": ""}
    )
    await empty_desk.start()
    page = await a_page(browser, [])
    await page.goto(f"{empty_desk.running.url}/login?return_url=/applications")
    link = page.locator("#sso a")
    await expect(link).to_have_text("Log in with GitHub")
    assert await link.get_attribute("href") == "/auth/login?connector=github&return_url=%2Fapplications"
    await expect(page.locator("#local")).to_be_hidden()
