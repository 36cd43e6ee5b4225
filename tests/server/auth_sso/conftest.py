"""A server, a fake GitHub, people; and one real OpenID Connect provider for all tests of a process."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.server.auth_sso.place import Place, a_place
from tests.server.auth_sso.visitor import Visitor
from tests.servers.github_contract import GitHubContract
from tests.servers.oidc.provider import oidc_provider
from trimtab.fakegithub.applications import OAuthApp
from trimtab.fakegithub.server import FakeGitHub

CLIENT = {"client_id": "argocd", "client_secret": "s" * 40, "redirect_uris": ["http://127.0.0.1/auth/callback"]}
USERS: dict[str, dict[str, Any]] = {
    "ada": {"groups": ["platform", "everybody"], "email": "ada@example.com", "name": "Ada"},
    "admin": {"groups": ["everybody"]},
}


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with a_place() as place:
        yield place


@pytest.fixture
async def visitors() -> AsyncIterator[Callable[[str], Visitor]]:
    """People at a server: each call is another browser."""
    opened: list[Visitor] = []

    def visitor(base: str) -> Visitor:
        opened.append(Visitor(base))
        return opened[-1]

    yield visitor
    for one in opened:
        await one.close()


@pytest.fixture
async def ada(place: Place, visitors: Callable[[str], Visitor]) -> Visitor:
    """A browser at the server."""
    return visitors(place.url)


@pytest.fixture
async def github(place: Place) -> AsyncIterator[FakeGitHub]:
    """acme has ada in its team Platform Crew, bob in no team, and invited eve; mallory is nobody's."""
    async with FakeGitHub(place.clock, validator=GitHubContract()) as github:
        world = github.world
        world.user("ada", name="Ada Lovelace", email="ada@example.com", public=False)
        for login in ("bob", "eve", "mallory", "admin"):
            world.user(login, email=f"{login}@example.com")
        world.organisation("acme", "ada", "bob", "admin", pending=("eve",))
        world.team("acme", "Platform Crew", "ada")
        yield github


@pytest.fixture
def app(place: Place, github: FakeGitHub) -> OAuthApp:
    """The application that is registered with GitHub, as for Argo CD."""
    return github.world.app(f"{place.url}/api/dex/callback")


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    with oidc_provider(clients=[CLIENT], users=USERS) as issuer:
        yield issuer
