"""The clicks for the GitHub App, as people make them: half of them, twice, by somebody else, or not quite."""

import asyncio
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from tests.engine.world import until
from tests.setup.clicks import Visitor, browser
from tests.setup.interrupting import BriskClock
from tests.setup.place import Place
from tests.setup.terminal import Browse, Scripted
from trimtab.errors import Stalled
from trimtab.fakegithub.trouble import Trouble


@pytest.fixture
def place(place: Place) -> Place:
    place.clock = BriskClock()
    return place


@pytest.fixture
async def member(place: Place) -> AsyncIterator[Visitor]:
    """In the team, and no owner of the organization."""
    async with browser() as session:
        session.cookie_jar.update_cookies({"user_session": place.github.world.log_in("grace")})
        yield Visitor(session, login="grace")


def clicking(browse: Browse) -> Scripted:
    return Scripted(browse)


async def is_complete(place: Place, text: str) -> None:
    assert await place.set_up(text, place.terminal()) == "nothing"
    assert len(place.github.world.repositories["acme/infra"].keys) == 1
    assert len(place.github.world.github_apps) == len(place.github.world.installations) == 1


@pytest.mark.parametrize("clicks", [0, 1, 2])
async def test_the_browser_is_closed_half_way(place: Place, clicks: int) -> None:
    text, world = place.environment(), place.github.world

    async def some(url: str) -> None:
        await place.visitor.press(url, clicks + 1)

    with pytest.raises(Stalled, match="nobody has finished the clicks"):
        await place.set_up(text, clicking(some), click_patience=0.3)
    assert (len(world.github_apps), len(world.installations)) == (min(clicks, 1), max(clicks - 1, 0))
    terminal = place.terminal()
    assert await place.set_up(text, terminal) == "done"
    assert len(terminal.planned("click")) == 3 - clicks
    await is_complete(place, text)


async def test_a_port_for_the_page_that_is_taken(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Stalled, match=f"port {port} is taken: give another --port, or none"):
            await place.set_up(place.environment(), place.terminal(), page_port=port)


async def test_the_page_is_opened_twice(place: Place) -> None:
    text = place.environment()

    async def twice(url: str) -> None:
        await place.visitor.press(url, 2)
        await place.visit(url)

    assert await place.set_up(text, clicking(twice)) == "done"
    await is_complete(place, text)


async def test_two_apps_are_made_in_two_tabs(place: Place) -> None:
    """By another name in the second one: it is named, to be deleted."""
    text, world = place.environment(), place.github.world

    async def both(url: str) -> None:
        await place.visitor.press(url, 2)
        second = world.github_app("acme", "Second")
        async with place.visitor.session.get(url, allow_redirects=False) as answer:
            state = answer.headers["Location"].rpartition("state=")[2]
        await place.visitor.press(f"{url}/created?code={world.conversion(second)}&state={state}", 0)
        await place.visit(url)

    terminal = clicking(both)
    assert await place.set_up(text, terminal) == "done"
    [said] = [one for one in terminal.heard if "second GitHub App" in one]
    assert said.endswith("/organizations/acme/settings/apps/second/advanced")
    assert (await place.cluster.secret("trimtab-github-app"))["slug"] != "second"


async def test_an_owner_approves_later(place: Place, member: Visitor) -> None:
    """Somebody who may not install asks for it; an owner grants it in another browser."""
    text, world = place.environment(), place.github.world

    async def asks(url: str) -> None:
        await place.visitor.press(url, 2)
        page = await member.walk(url)
        assert "An owner of the organization has been asked" in page
        [request] = world.requests
        world.approve(request)
        await until(said, bool)
        await member.walk(url)

    async def said() -> bool:
        return any("Go on at" in one for one in terminal.heard)

    async def beside(url: str) -> None:
        asking.append(asyncio.ensure_future(asks(url)))

    asking: list[asyncio.Future[None]] = []
    terminal = clicking(beside)
    assert await place.set_up(text, terminal) == "done"
    await asking[0]
    assert len([one for one in terminal.heard if "has to approve" in one]) == 1
    [secret] = [await place.cluster.secret("trimtab-github-app")]
    assert secret["createdBy"] == "grace"


async def test_installed_for_another_repository_only(place: Place) -> None:
    text, world = place.environment(), place.github.world
    world.repository("acme/other", files={"README.md": ""})

    async def elsewhere(url: str) -> None:
        await place.visitor.press(url, 2)
        [app] = world.github_apps.values()
        installation = world.install(app, "acme", repositories=("other",))
        query = urlencode({"installation_id": installation.id, "setup_action": "install"})
        page = await place.visitor.walk(f"{url}/installed?{query}")
        assert "this repository was not chosen" in page
        world.choose(installation, None)
        await place.visitor.walk(url)

    terminal = clicking(elsewhere)
    assert await place.set_up(text, terminal) == "done"
    assert any("but not for acme/infra: add that repository to it" in one for one in terminal.heard)
    await is_complete(place, text)


async def test_nobody_is_believed(place: Place) -> None:
    """A forged installation, state or host leads nowhere."""
    text, world = place.environment(), place.github.world
    evil = world.github_app("evil", "Evil")
    stolen = world.install(evil, "evil")

    async def forged(url: str) -> None:
        session = place.visitor.session
        code = world.conversion(evil)
        for path in (f"/created?code={code}&state=x", f"/created?code={code}", "/authorized?code=x&state=x"):
            async with session.get(f"{url}{path}") as answer:
                assert "this page is of another set-up" in await answer.text()
        async with session.get(url, headers={"Host": "rebound.example"}) as answer:
            assert answer.status == 421
        await place.visitor.press(url, 2)
        page = await place.visitor.walk(f"{url}/installed?installation_id={stolen.id}&setup_action=install")
        assert "this repository was not chosen" in page
        await place.visitor.walk(url)

    assert await place.set_up(text, clicking(forged)) == "done"
    [own] = [one for one in world.installations.values() if one.account == "acme"]
    assert (await place.cluster.secret("trimtab-github-app"))["installationID"] == str(own.id)


async def test_the_keys_of_the_app_are_lost_on_their_way(place: Place) -> None:
    """GitHub gives them once: the App has to be made anew, and the first one to go."""
    text, world = place.environment(), place.github.world
    place.github.plan(Trouble.LOST, "POST", "/conversions")

    async def tries(url: str) -> None:
        assert "check the network" in await place.visitor.press(url, 2)
        assert "Name is already taken" in await place.visitor.press(url, 1)

    with pytest.raises(Stalled, match="nobody has finished the clicks"):
        await place.set_up(text, clicking(tries), click_patience=1.0)
    terminal = Scripted()
    with pytest.raises(Stalled):
        await place.set_up(text, terminal, click_patience=0.1)
    [line] = [one for one in terminal.plan.lines() if one.action == "warn"]
    [app] = world.github_apps.values()
    assert line.subject == f"GitHub App {app.name} may be there already"
    assert line.note.endswith(f"delete it: {place.github.url}/organizations/acme/settings/apps/{app.slug}/advanced")
    world.delete_app(app)
    assert await place.set_up(text, place.terminal()) == "done"
    await is_complete(place, text)


async def test_the_app_is_deleted_between_two_runs(place: Place) -> None:
    """It is made anew, and what hangs on it follows."""
    text, world = place.environment(), place.github.world
    await place.set_up(text, place.terminal())
    [app] = world.github_apps.values()
    world.delete_app(app)
    terminal = place.terminal()
    assert await place.set_up(text, terminal) == "done"
    assert len(terminal.planned("click")) == 3
    [made] = world.github_apps.values()
    secret = await place.cluster.secret("argocd-secret")
    assert secret["dex.github.clientSecret"] == made.client_secret
    assert secret["webhook.github.secret"] == made.hook.secret
    assert made.client_id in (await place.cluster.config_map("argocd-cm"))["dex.config"]
    await is_complete(place, text)


async def test_the_app_is_uninstalled_between_two_runs(place: Place) -> None:
    text, world = place.environment(), place.github.world
    await place.set_up(text, place.terminal())
    [installation] = world.installations.values()
    world.uninstall(installation)
    terminal = place.terminal()
    assert await place.set_up(text, terminal) == "done"
    assert terminal.planned("click") == ["Install it for acme/infra, and for nothing else"]
    await is_complete(place, text)


@pytest.mark.parametrize("gone", ["App", "installation"])
async def test_a_teardown_without_the_app_names_what_stays(place: Place, gone: str) -> None:
    text, world = place.environment(), place.github.world
    await place.set_up(text, place.terminal())
    [app], [installation] = world.github_apps.values(), world.installations.values()
    [key] = world.repositories["acme/infra"].keys
    world.delete_app(app) if gone == "App" else world.uninstall(installation)
    terminal = place.terminal()
    assert await place.tear_down(text, terminal, dry_run=True) == "planned"
    assert terminal.planned("warn") == [f"deploy key {key.title} stays"]
    place.token = world.personal_token("ada", "repo", "read:org")
    assert await place.tear_down(text, place.terminal()) == "done"
    assert (world.repositories["acme/infra"].keys, world.github_apps) == ([], {})


async def test_a_key_of_the_app_that_was_removed(place: Place) -> None:
    text, world = place.environment(), place.github.world
    await place.set_up(text, place.terminal())
    [app] = world.github_apps.values()
    app.public_key = world.github_app("acme", "Other").public_key
    with pytest.raises(Stalled, match=r"does not accept the key of the GitHub App .* clock right; .* delete the App"):
        await place.set_up(text, place.terminal())


async def test_permissions_that_the_installation_lacks(place: Place) -> None:
    """It was made before the environment needed them: a note says so, and what needs them not goes on."""
    text, world = place.environment(), place.github.world
    await place.set_up(text, place.terminal())
    [app], [installation] = world.github_apps.values(), world.installations.values()
    less = {name: level for name, level in app.permissions.items() if name != "statuses"}
    app.permissions = installation.permissions = {**less, "issues": "write"}
    terminal = place.terminal()
    assert await place.set_up(text, terminal) == "nothing"
    assert terminal.planned("warn") == [
        "the App lacks statuses: write",
        "the App may more than it needs: issues: write",
    ]
