"""A fake GitHub that is held to GitHub's own descriptions, people, a repository, and a client."""

from collections.abc import AsyncIterator

import pytest

from tests.fakegithub.client import Client
from tests.fakegithub.listener import Listener
from tests.servers.github_contract import GitHubContract
from trimtab.clock import StepClock
from trimtab.fakegithub.server import FakeGitHub
from trimtab.fakegithub.world import World

FILES = {"README.md": "# Infrastructure\n", "apps/shop/kustomization.yaml": "resources: []\n"}


@pytest.fixture
def contract() -> GitHubContract:
    return GitHubContract()


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
async def github(contract: GitHubContract, clock: StepClock) -> AsyncIterator[FakeGitHub]:
    """acme is owned by ada, has bob in its team Platform, and eve; acme/infrastructure is private."""
    async with FakeGitHub(clock, validator=contract) as github:
        populate(github.world)
        yield github


def populate(world: World) -> None:
    for login in ("ada", "bob", "eve", "mallory"):
        world.user(login, name=login.title(), email=f"{login}@example.com")
    world.organisation("acme", "bob", "eve", owners=("ada",))
    team = world.team("acme", "Platform", "bob")
    world.repository("acme/infrastructure", files=FILES)
    world.repository("acme/shop", files={"README.md": "# Shop\n"})
    world.give(team, "acme/infrastructure", "push")


@pytest.fixture
async def client(github: FakeGitHub) -> AsyncIterator[Client]:
    """ada, with a token that may do everything."""
    async with Client(github.api_url, github.world.personal_token("ada", "repo", "admin:org")) as client:
        yield client


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """Who hears webhooks."""
    async with Listener() as listener:
        yield listener
