"""What a person does with a browser: registers an App, installs it, deletes it; registers an OAuth App; logs in."""

import json
import urllib.parse
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.fakegithub.client import Client, app_jwt
from trimtab.clock import StepClock
from trimtab.fakegithub.server import FakeGitHub
from trimtab.loopback import serving_on_loopback

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


class Local:
    """What a set-up serves on loopback: a page that posts the manifest, and where GitHub sends people back to."""

    def __init__(self) -> None:
        self.url = ""
        self.form = ""
        self.arrived: list[tuple[str, dict[str, str]]] = []

    async def begin(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.form, content_type="text/html")

    async def arrive(self, request: web.Request) -> web.Response:
        self.arrived.append((request.path, dict(request.query)))
        return web.Response(text="You may close this page.")


@pytest.fixture
async def local() -> AsyncIterator[Local]:
    local, app = Local(), web.Application()
    app.add_routes([web.get("/begin", local.begin), web.get("/{path:manifest|installed|callback}", local.arrive)])
    async with serving_on_loopback(app) as port:
        local.url = f"http://127.0.0.1:{port}"
        yield local


@pytest.fixture
async def browser_page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser: Browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield await browser.new_page()
        await browser.close()


def manifest(local: Local, **more: Any) -> dict[str, Any]:
    return {
        "name": "Trimtab acme",
        "url": "https://argocd.acme.example",
        "public": False,
        "redirect_url": f"{local.url}/manifest",
        "setup_url": f"{local.url}/installed",
        "callback_urls": [f"{local.url}/callback", "https://argocd.acme.example/api/dex/callback"],
        "hook_attributes": {"url": "https://argocd.acme.example/api/webhook", "active": False},
        "default_permissions": {"contents": "read", "members": "read", "administration": "write"},
        "default_events": ["push", "membership"],
        **more,
    }


def posting(github: FakeGitHub, content: dict[str, Any]) -> str:
    """A page that posts a manifest by itself."""
    value = json.dumps(content).replace("&", "&amp;").replace('"', "&quot;")
    action = f"{github.url}/organizations/acme/settings/apps/new?state=abc"
    form = f'<form id=f method=post action="{action}"><input name=manifest value="{value}"></form>'
    return f"{form}<script>f.submit()</script>"


async def create(page: Page, github: FakeGitHub, local: Local, login: str) -> None:
    """Up to the button."""
    local.form = posting(github, manifest(local))
    await page.goto(f"{local.url}/begin")
    await page.click(f"text=Sign in as {login}")


async def test_an_app_is_created_installed_used_and_deleted(
    github: FakeGitHub, client: Client, local: Local, browser_page: Page, clock: StepClock
) -> None:
    page = browser_page
    await create(page, github, local, "ada")
    await expect(page.locator("input[name=name]")).to_have_value("Trimtab acme")
    await page.click("text=Create GitHub App for acme")
    await page.wait_for_url("**/manifest?*")
    path, query = local.arrived[-1]
    assert (path, query["state"]) == ("/manifest", "abc")
    made = await client.post(f"/app-manifests/{query['code']}/conversions")
    assert (made["slug"], made["owner"]["login"], made["events"]) == ("trimtab-acme", "acme", ["push", "membership"])
    assert (await client.ask("POST", f"/app-manifests/{query['code']}/conversions")).status == 404

    await page.goto(f"{github.url}/apps/trimtab-acme/installations/new?state=xyz")
    await page.click("text=Only select repositories")
    await page.click("text=acme/infrastructure")
    await page.click("button:has-text('Install')")
    await page.wait_for_url("**/installed?*")
    installed = local.arrived[-1][1]
    assert (installed["setup_action"], installed["state"]) == ("install", "xyz")
    app = github.world.github_apps["trimtab-acme"]
    assert made["pem"] == app.pem
    found = await client.get(f"/app/installations/{installed['installation_id']}", as_=app_jwt(app, clock))
    assert found["repository_selection"] == "selected"

    authorize = urllib.parse.urlencode(
        {"client_id": app.client_id, "redirect_uri": f"{local.url}/callback", "state": "1"}
    )
    await page.goto(f"{github.url}/login/oauth/authorize?{authorize}")
    await page.click("text=Authorize as ada")
    await page.wait_for_url("**/callback?*")
    first = local.arrived[-1][1]["code"]
    await page.goto(f"{github.url}/login/oauth/authorize?{authorize}")
    assert page.url.startswith(f"{local.url}/callback?"), "who has allowed it is not asked again"
    assert local.arrived[-1][1]["code"] != first

    await page.goto(f"{github.url}/organizations/acme/settings/apps/trimtab-acme/advanced")
    await page.fill("input[name=verify]", "Trimtab acme")
    await page.click("text=Delete this GitHub App")
    await expect(page.locator("h1")).to_have_text("Your GitHub App is being deleted")
    assert (github.world.github_apps, github.world.installations) == ({}, {})


async def test_who_is_no_owner_creates_nothing_and_asks(github: FakeGitHub, local: Local, browser_page: Page) -> None:
    page = browser_page
    await create(page, github, local, "bob")
    await expect(page.locator("h1")).to_have_text("This is not the web page you are looking for.")
    app = github.world.github_app("acme", **manifest(local))
    await page.goto(f"{github.url}/apps/{app.slug}/installations/new")
    await page.click("button:has-text('Request')")
    await page.wait_for_url("**/installed?*")
    assert local.arrived[-1][1] == {"setup_action": "request"}
    [request] = github.world.requests
    installation = github.world.approve(request)
    assert installation.account == "acme"


async def test_an_oauth_app_is_registered(github: FakeGitHub, browser_page: Page) -> None:
    page = browser_page
    query = urllib.parse.urlencode(
        {
            "oauth_application[name]": "Trimtab",
            "oauth_application[url]": "https://argocd.acme.example",
            "oauth_application[callback_url]": "https://argocd.acme.example/api/dex/callback",
        }
    )
    await page.goto(f"{github.url}/organizations/acme/settings/applications/new?{query}")
    await page.click("text=Sign in as ada")
    await expect(page.get_by_label("Homepage URL")).to_have_value("https://argocd.acme.example")
    await page.click("text=Register application")
    client_id = await page.locator("#client-id").inner_text()
    await page.click("text=Generate a new client secret")
    secret = await page.locator("#client-secret").inner_text()
    app = github.world.apps[client_id]
    assert (app.client_secret, app.owner) == (secret, "acme")
    assert app.callback == "https://argocd.acme.example/api/dex/callback"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"url": ""}, "Url can't be blank"),
        ({"name": "acme"}, "Name is already taken"),
        ({"hook_attributes": {"active": True}}, "Hook url cannot be blank"),
        ({"default_permissions": {"content": "read"}}, "content is not included in the list"),
        ({"default_events": ["pull_request"]}, "Default events unsupported: pull_request"),
        ({"name": "x" * 35}, "Name is too long"),
    ],
)
async def test_what_is_wrong_with_a_manifest(
    github: FakeGitHub, local: Local, browser_page: Page, change: dict[str, Any], problem: str
) -> None:
    local.form = posting(github, manifest(local, **change))
    await browser_page.goto(f"{local.url}/begin")
    await browser_page.click("text=Sign in as ada")
    await expect(browser_page.locator("#problems")).to_contain_text(problem)


async def test_the_code_is_good_for_an_hour(github: FakeGitHub, client: Client, clock: StepClock) -> None:
    app = github.world.github_app("acme")
    early, late = github.world.conversion(app), github.world.conversion(app)
    clock.step(3599)
    assert (await client.ask("POST", f"/app-manifests/{early}/conversions")).status == 201
    clock.step(1)
    assert (await client.ask("POST", f"/app-manifests/{late}/conversions")).status == 404
