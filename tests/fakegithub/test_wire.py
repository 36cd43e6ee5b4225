"""What every call has: tags, pages, limits, the prefix; and the ways to misbehave."""

import asyncio

import aiohttp
import pytest

from tests.fakegithub.client import Client
from tests.fakegithub.conftest import populate
from tests.servers.github_contract import GitHubContract, operations
from trimtab.clock import StepClock
from trimtab.fakegithub.api.service import ROUTES
from trimtab.fakegithub.server import FakeGitHub
from trimtab.fakegithub.trouble import Trouble

KEYS = "/repos/acme/infrastructure/keys"


async def test_what_has_not_changed_is_not_sent_again(github: FakeGitHub, client: Client) -> None:
    first = await client.ask("GET", "/repos/acme/infrastructure")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert (await client.ask("GET", "/repos/acme/infrastructure", **tag)).status == 304
    github.world.commit("acme/infrastructure", {"a": "a"}, user="bob")
    github.world.repositories["acme/infrastructure"].archived = True
    assert (await client.ask("GET", "/repos/acme/infrastructure", **tag)).status == 200


async def test_lists_come_in_pages(github: FakeGitHub, client: Client) -> None:
    repository = github.world.repositories["acme/infrastructure"]
    for number in range(5):
        github.world.deploy_key(repository, str(number), f"ssh-ed25519 {number}", read_only=True, added_by="ada")
    seen, path = [], f"{KEYS}?per_page=2"
    while path:
        reply = await client.ask("GET", path)
        seen += [one["title"] for one in reply.body]
        links = dict(one.split(">; rel=")[::-1] for one in reply.headers["Link"].split(", "))
        path = links.get('"next"', "").removeprefix("<").removeprefix(client.url)
    assert seen == ["0", "1", "2", "3", "4"]
    assert sorted(links) == ['"first"', '"prev"']


async def test_calls_are_counted(client: Client) -> None:
    first, second = [(await client.ask("GET", "/user")).headers for _ in range(2)]
    assert int(first["X-RateLimit-Remaining"]) - int(second["X-RateLimit-Remaining"]) == 1
    assert (second["X-RateLimit-Limit"], second["X-RateLimit-Used"]) == ("5000", "2")
    assert (await client.get("/rate_limit"))["rate"]["limit"] == 5000


async def test_there_is_a_limit_for_an_hour(github: FakeGitHub, client: Client, clock: StepClock) -> None:
    """Answers that nothing has changed do not count."""
    github.world.rate_limit = 2
    tag = {"If-None-Match": (await client.ask("GET", "/user")).headers["ETag"]}
    assert [(await client.ask("GET", "/user", **tag)).status for _ in range(3)] == [304, 304, 304]
    assert (await client.ask("GET", "/user")).headers["X-RateLimit-Remaining"] == "0"
    over = await client.ask("GET", "/user")
    assert over.status == 403
    assert "rate limit exceeded" in over.body["message"]
    clock.step(int(over.headers["X-RateLimit-Reset"]) - clock.now().timestamp())
    assert (await client.ask("GET", "/user")).status == 200


async def test_names_are_the_same_in_capitals(client: Client) -> None:
    assert (await client.get("/repos/ACME/Infrastructure"))["full_name"] == "acme/infrastructure"
    assert (await client.get("/orgs/Acme"))["login"] == "acme"


@pytest.mark.parametrize(
    ("headers", "status"), [({"User-Agent": ""}, 403), ({"X-GitHub-Api-Version": "2020-01-01"}, 400)]
)
async def test_headers_that_github_refuses(client: Client, headers: dict[str, str], status: int) -> None:
    assert (await client.ask("GET", "/meta", **headers)).status == status


async def test_the_prefix_may_be_none(contract: GitHubContract) -> None:
    """As on github.com, whose API has a host of its own."""
    async with FakeGitHub(prefix="", validator=contract) as github:
        populate(github.world)
        async with Client(github.api_url) as client:
            assert (await client.get("/meta"))["ssh_keys"] == []
    assert contract.seen == {"GET /meta"}


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (Trouble.DOWN, 503),
        (Trouble.BROKEN, 500),
        (Trouble.LIMITED, 403),
        (Trouble.HURRIED, 429),
        (Trouble.FORBIDDEN, 403),
        (Trouble.UNAUTHORIZED, 401),
        (Trouble.ABSENT, 404),
        (Trouble.INVALID, 422),
        (Trouble.NONSENSE, 200),
    ],
)
async def test_trouble_for_the_next_call_only(
    github: FakeGitHub, client: Client, trouble: Trouble, status: int
) -> None:
    github.plan(trouble, "GET", "/keys$")
    assert (await client.ask("GET", "/user")).status == 200
    reply = await client.ask("GET", KEYS)
    assert reply.status == status
    assert ("Retry-After" in reply.headers) is (trouble is Trouble.HURRIED)
    assert (await client.ask("GET", KEYS)).status == 200


@pytest.mark.parametrize(("trouble", "made"), [(Trouble.LOST, 1), (Trouble.CUT, 0)])
async def test_an_answer_that_is_lost(github: FakeGitHub, client: Client, trouble: Trouble, made: int) -> None:
    github.plan(trouble, "POST", "/git/refs$")
    before = (await client.get("/repos/acme/infrastructure/git/ref/heads/main"))["object"]["sha"]
    with pytest.raises(aiohttp.ClientError):
        await client.ask("POST", "/repos/acme/infrastructure/git/refs", {"ref": "refs/heads/x", "sha": before})
    status = (await client.ask("GET", "/repos/acme/infrastructure/git/ref/heads/x")).status
    assert status == (200 if made else 404)


async def test_silence(github: FakeGitHub, client: Client) -> None:
    github.trouble = Trouble.SILENT
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.ask("GET", "/user")
    assert github.requests == ["/api/v3/user"]


async def test_slowness(github: FakeGitHub, client: Client, clock: StepClock) -> None:
    github.plan(Trouble.SLOW, path="/user$")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.ask("GET", "/user")
    clock.step(60)
    assert (await client.ask("GET", "/user")).status == 200


def test_every_route_is_described_and_every_description_is_served() -> None:
    served = {f"{one.method} {one.path.replace(':.+', '').replace(':.*', '')}" for one in ROUTES}
    assert served == operations()


async def test_what_breaks_the_contract_is_named(contract: GitHubContract, github: FakeGitHub, client: Client) -> None:
    """Faults of clients that GitHub would shrug off or refuse, and answers that GitHub would not give."""
    github.world.repositories["acme/infrastructure"].default_branch = 5  # type: ignore[assignment]
    await client.ask("GET", "/repos/acme/infrastructure")
    await client.ask("POST", "/repos/acme/shop/git/blobs", {"content": "a", "encodng": "utf-8"})
    await client.ask("GET", "/user/orgs?stat=active")
    reply = await client.ask("GET", "/user/repositories")
    assert (reply.status, reply.body["message"]) == (404, "Not Found")
    assert contract.problems == [
        'GET /repos/{owner}/{repo}: 200 default_branch: 5 is not of type "string"',
        "POST /repos/{owner}/{repo}/git/blobs: body encodng: unknown",
        "GET /user/orgs: query stat: unknown",
        "GET /user/repositories: no such operation",
    ]
    with pytest.raises(AssertionError, match="no such operation"):
        contract.settle()
    contract.problems.clear()
