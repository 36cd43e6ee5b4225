"""An App's tokens: its own, and those of its installations."""

import datetime as dt
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.clocks import SwiftClock
from tests.servers.app_key import app_key, pem
from tests.servers.scripted import Reply, Scripted
from trimtab.clock import rfc3339
from trimtab.errors import Stalled
from trimtab.github import app as apps
from trimtab.github.app import AppTokens, InstallationTokens, app_jwt
from trimtab.github.client import GitHub
from trimtab.github.endpoints import Endpoints
from trimtab.github.errors import BadToken, NotFound, Unavailable

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
MINT = "POST /app/installations/7/access_tokens"
BROKEN = Reply.json({"message": "no"}, 503)


KEY = app_key()


@pytest.fixture
async def app(endpoints: Endpoints, clock: SwiftClock) -> AsyncIterator[GitHub]:
    async with GitHub(endpoints, AppTokens("Iv1.abc", KEY, clock=clock), clock=clock) as connected:
        yield connected


@pytest.fixture
def tokens(app: GitHub) -> InstallationTokens:
    return InstallationTokens(app, 7, repositories=["infra"], permissions={"contents": "read"})


def minted(clock: SwiftClock, token: str = "ghs_1", *, minutes: int = 60) -> Reply:
    expires = rfc3339(clock.now() + dt.timedelta(minutes=minutes))
    return Reply.json({"token": token, "expires_at": expires, "permissions": {"contents": "read"}}, 201)


def test_an_apps_own_token_is_signed_and_lives_within_ten_minutes() -> None:
    token = jwt.decode(app_jwt("Iv1.abc", KEY, now=NOW), RSAKey.import_key(KEY), algorithms=["RS256"])
    assert token.header["alg"] == "RS256"
    assert token.claims["iss"] == "Iv1.abc"
    assert NOW.timestamp() - token.claims["iat"] == 60
    assert token.claims["exp"] - NOW.timestamp() < 600
    assert token.claims["exp"] - token.claims["iat"] <= 600


@pytest.mark.parametrize("key", ["", "nonsense", pem(ec.generate_private_key(ec.SECP256R1())), KEY[:200]])
def test_a_key_that_is_none_is_said_to_be_so(key: str) -> None:
    with pytest.raises(Stalled, match=r"GitHub App 12: its private key is not an RSA key") as refused:
        app_jwt("12", key, now=NOW)
    assert "nonsense" not in refused.value.message


async def test_an_apps_own_token_is_used_for_some_minutes(clock: SwiftClock) -> None:
    tokens = AppTokens("12", KEY, clock=clock)
    first = await tokens.token()
    clock.step(479)
    assert await tokens.token() == first
    clock.step(1)
    assert await tokens.token() != first
    assert KEY not in repr(tokens)


async def test_an_installations_token_is_narrowed_and_shared(
    server: Scripted, tokens: InstallationTokens, clock: SwiftClock
) -> None:
    server.answer(MINT, minted(clock))
    assert [await tokens.token() for _ in range(3)] == ["ghs_1"] * 3
    (asked,) = server.got(MINT)
    assert asked.json() == {"permissions": {"contents": "read"}, "repositories": ["infra"]}
    assert asked.headers["Authorization"].startswith("Bearer ey")


async def test_it_is_replaced_at_45_minutes(server: Scripted, tokens: InstallationTokens, clock: SwiftClock) -> None:
    server.answer(MINT, minted(clock, "ghs_1"), minted(clock, "ghs_2", minutes=105))
    assert await tokens.token() == "ghs_1"
    clock.step(45 * 60 - 1)
    assert await tokens.token() == "ghs_1"
    clock.step(1)
    assert await tokens.token() == "ghs_2"


async def test_one_that_ends_sooner_is_replaced_sooner(
    server: Scripted, tokens: InstallationTokens, clock: SwiftClock
) -> None:
    server.answer(MINT, minted(clock, "ghs_1", minutes=10), minted(clock, "ghs_2"))
    await tokens.token()
    clock.step(8 * 60)
    assert await tokens.token() == "ghs_2"


async def test_the_old_one_serves_while_github_is_away(
    server: Scripted, tokens: InstallationTokens, clock: SwiftClock
) -> None:
    server.answer(MINT, minted(clock, "ghs_1"), BROKEN)
    await tokens.token()
    clock.step(50 * 60)
    assert await tokens.token() == "ghs_1"
    clock.step(9 * 60)
    with pytest.raises(Unavailable):
        await tokens.token()


async def test_one_that_github_refuses_is_replaced_at_once(
    server: Scripted, tokens: InstallationTokens, endpoints: Endpoints, clock: SwiftClock
) -> None:
    server.answer(MINT, minted(clock, "ghs_1"), minted(clock, "ghs_2"), Reply.json({"message": "Bad"}, 401))
    refused = Reply.json({"message": "Bad credentials"}, 401)
    server.answer("GET /x", refused, Reply.json({}), refused)
    async with GitHub(endpoints, tokens, clock=clock) as github:
        assert await github.get("/x", dict[str, str]) == {}
        assert [one.headers["Authorization"] for one in server.got("GET /x")] == ["Bearer ghs_1", "Bearer ghs_2"]
        with pytest.raises(BadToken):
            await github.get("/x", dict[str, str])


async def test_an_app_that_is_not_installed(server: Scripted, tokens: InstallationTokens, app: GitHub) -> None:
    with pytest.raises(NotFound):
        await tokens.token()
    with pytest.raises(NotFound):
        await apps.find_installation(app, "acme", "infra")


async def test_where_an_app_is_installed(server: Scripted, app: GitHub) -> None:
    found = Reply.json({"id": 7, "account": {"login": "acme", "id": 5}, "permissions": {}, "events": ["push"]})
    server.answer("GET /repos/acme/infra/installation", found)
    assert (await apps.find_installation(app, "acme", "infra")).id == 7
    ours = {"id": 7, "account": {"login": "Acme", "id": 5}, "permissions": {}}
    server.answer("GET /app/installations", Reply.json([{"id": 8, "account": None, "permissions": {}}, ours]))
    assert (await apps.find_owner_installation(app, "acme")).id == 7
    with pytest.raises(NotFound, match="not installed on other"):
        await apps.find_owner_installation(app, "other")


async def test_an_app_is_made_from_a_manifests_code(server: Scripted, github: GitHub) -> None:
    made = {
        "id": 3, "slug": "trimtab-production", "name": "Trimtab", "owner": {"login": "acme", "id": 5},
        "permissions": {"contents": "read"}, "events": ["push"], "client_id": "Iv1.x", "client_secret": "s",
        "webhook_secret": None, "pem": "p", "html_url": "https://github.com/apps/trimtab-production",
    }  # fmt: skip
    server.answer("POST /app-manifests/c0de/conversions", Reply.json(made, 201))
    app = await apps.convert_manifest(github, "c0de")
    assert (app.slug, app.client_secret, app.webhook_secret, app.pem) == ("trimtab-production", "s", None, "p")
