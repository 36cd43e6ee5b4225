"""ID tokens and bearer tokens that must not count, from a provider that lies, or from people who lie about it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.server.auth_sso.crooked import Crooked, unsigned
from tests.server.auth_sso.place import Place
from tests.server.auth_sso.visitor import Arrival, Visitor, query_of
from trimtab.server.auth.sso_session import ISSUER

OTHER = RSAKey.generate_key(2048, {"kid": "first"})
NOW = int(time.time())


@pytest.fixture
async def provider(place: Place) -> AsyncIterator[Crooked]:
    async with Crooked() as provider:
        configure(place, provider)
        yield provider


def configure(place: Place, provider: Crooked, **more: Any) -> None:
    config = {"issuer": provider.issuer, "clientID": "argocd", "clientSecret": "s", "cliClientID": "argocd-cli", **more}
    place.configure(oidc__config=json.dumps({"name": "Crooked", **config}))


async def arrive(provider: Crooked, visitor: Visitor, make: Callable[[Crooked, str], str]) -> Arrival:
    """A login at whose end the provider gives the ID token that `make` makes of the nonce."""
    asked = query_of(await visitor.begin())
    provider.answer = make(provider, asked["nonce"])
    return await visitor.get(f"/auth/callback?code=c&state={asked['state']}")


async def test_a_good_one_counts(provider: Crooked, ada: Visitor) -> None:
    arrival = await arrive(provider, ada, lambda one, nonce: one.signed(one.claims(nonce=nonce)))
    assert arrival.status == 303
    assert (await ada.me())["groups"] == ["platform"]
    assert len(provider.forms[0]["code_verifier"]) >= 43


async def test_so_does_one_with_another_kind_of_key(provider: Crooked, ada: Visitor) -> None:
    key = ECKey.generate_key("P-256", {"kid": "curve"})
    provider.keys.append(key)
    arrival = await arrive(
        provider, ada, lambda one, nonce: one.signed(one.claims(nonce=nonce), key=key, algorithm="ES256")
    )
    assert arrival.status == 303


MISDIRECTED: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"iss": "https://evil.example"},
    {"aud": "another-client"},
    {"aud": ["another-client", "third"]},
    {"aud": None},
    {"aud": ["argocd", "another-client"]},
    {"azp": "another-client"},
    {"exp": NOW - 3600},
    {"exp": None},
    {"exp": "tomorrow"},
    {"iat": NOW + 3600},
    {"iat": None},
    {"nbf": NOW + 3600},
    {"sub": None},
    {"sub": 7},
]


async def test_an_id_token_has_to_be_for_us_and_for_this_login(provider: Crooked, ada: Visitor) -> None:
    for changed in MISDIRECTED:

        def make(one: Crooked, nonce: str, changed: dict[str, Any] = changed) -> str:
            return one.signed(one.claims(**{"nonce": nonce, **changed}))

        await _refused(provider, ada, make)


FORGERIES: dict[str, Callable[[Crooked, str], str]] = {
    "signed by nobody": lambda one, nonce: unsigned(one.claims(nonce=nonce)),
    "signed by nobody, spelt otherwise": lambda one, nonce: unsigned(one.claims(nonce=nonce), "NONE"),
    "signed by another key of the same id": lambda one, nonce: one.signed(one.claims(nonce=nonce), key=OTHER),
    "signed with the client secret": lambda one, nonce: one.signed(
        one.claims(nonce=nonce), key=OctKey.import_key("s" * 32, {"kid": "first"}), algorithm="HS256"
    ),
    "signed with the public key as a secret": lambda one, nonce: one.signed(
        one.claims(nonce=nonce),
        key=OctKey.import_key(one.key.as_pem(private=False).decode().replace("-----", ""), {"kid": "first"}),
        algorithm="HS256",
    ),
    "signed in a way that the provider does not use": lambda one, nonce: one.signed(
        one.claims(nonce=nonce), algorithm="PS256"
    ),
    "no token at all": lambda one, nonce: "a.b.c",
    "empty": lambda one, nonce: "",
    "a list": lambda one, nonce: ".".join((unsigned(one.claims()).split(".")[0], "W10", "")),
    "very long": lambda one, nonce: one.signed(one.claims(nonce=nonce, more="x" * 70_000)),
}


async def test_an_id_token_has_to_be_signed_by_the_provider(provider: Crooked, ada: Visitor) -> None:
    for make in FORGERIES.values():
        await _refused(provider, ada, make)


async def test_an_unverified_address_is_none(place: Place, provider: Crooked, ada: Visitor) -> None:
    place.scopes("[email]")
    claims = {"email": "boss@example.com", "email_verified": False}
    await arrive(provider, ada, lambda one, nonce: one.signed(one.claims(nonce=nonce, **claims)))
    assert await ada.me() == {"loggedIn": True, "username": "u-1", "iss": provider.issuer}


async def test_a_key_that_is_new_is_looked_up_and_a_flood_of_unknown_ones_is_not(
    place: Place, provider: Crooked, ada: Visitor
) -> None:
    token = provider.signed(provider.claims())
    assert (await ada.me(authorization=f"Bearer {token}"))["loggedIn"]
    provider.key = RSAKey.generate_key(2048, {"kid": "second"})
    provider.keys = [provider.key]
    rotated = provider.signed(provider.claims())
    place.clock.step(11)
    assert (await ada.me(authorization=f"Bearer {rotated}"))["loggedIn"]
    provider.asked.clear()
    forged = provider.signed(provider.claims(), key=RSAKey.generate_key(2048, {"kid": "unknown"}))
    for _ in range(5):
        assert not (await ada.me(authorization=f"Bearer {forged}"))["loggedIn"]
    assert provider.asked == []
    place.clock.step(11)
    for _ in range(5):
        await ada.me(authorization=f"Bearer {forged}")
    assert provider.asked == ["jwks"]
    assert not (await ada.me(authorization=f"Bearer {token}"))["loggedIn"], "its key was taken back"


async def test_sessions_outlast_a_provider_that_is_down(place: Place, provider: Crooked, ada: Visitor) -> None:
    await arrive(provider, ada, lambda one, nonce: one.signed(one.claims(nonce=nonce)))
    token = provider.signed(provider.claims(exp=NOW + 9000))
    assert (await ada.me(authorization=f"Bearer {token}"))["loggedIn"]
    provider.down = True
    place.clock.step(200)
    assert (await ada.me())["loggedIn"]
    place.clock.step(500)
    assert (await ada.me(authorization=f"Bearer {token}"))["loggedIn"], "the keys are known"
    place.clock.step(3700)
    assert not (await ada.me(authorization=f"Bearer {token}"))["loggedIn"]


async def test_a_provider_that_is_down_is_told_of(place: Place, provider: Crooked, ada: Visitor) -> None:
    provider.down = True
    arrival = await ada.get("/auth/login")
    assert (arrival.status, "Crooked answers 500" in arrival.text) == (503, True)


async def test_many_who_come_at_once_ask_once(place: Place, provider: Crooked, ada: Visitor) -> None:
    token = provider.signed(provider.claims())
    found = await asyncio.gather(*(ada.me(authorization=f"Bearer {token}") for _ in range(8)))
    assert [one["loggedIn"] for one in found] == [True] * 8
    assert provider.asked == ["discovery", "jwks"]


async def test_a_provider_that_is_down_is_left_alone_for_a_moment(
    place: Place, provider: Crooked, ada: Visitor
) -> None:
    provider.down = True
    for _ in range(3):
        assert (await ada.get("/auth/login")).status == 503
    assert provider.asked == ["discovery"]
    provider.down = False
    place.clock.step(10)
    assert (await ada.get("/auth/login")).status == 303


async def test_no_secret_goes_to_an_endpoint_without_tls(provider: Crooked, ada: Visitor) -> None:
    provider.token_endpoint = "http://idp.example.com/token"
    arrival = await ada.get("/auth/login")
    assert (arrival.status, "names an endpoint that is not https" in arrival.text) == (503, True)


async def test_discovery_has_to_name_the_same_issuer(provider: Crooked, ada: Visitor) -> None:
    provider.issuer_shown = "https://evil.example"
    arrival = await ada.get("/auth/login")
    assert (arrival.status, "is of issuer" in arrival.text) == (503, True)


async def test_the_api_takes_the_providers_own_tokens(place: Place, provider: Crooked, ada: Visitor) -> None:
    cases: list[tuple[Any, list[str], bool]] = [
        ("argocd", [], True),
        ("argocd-cli", [], True),
        (["third", "argocd-cli"], [], True),
        ("third", [], False),
        ("third", ["third"], True),
        ("argocd", ["third"], False),
    ]
    for audience, allowed, good in cases:
        configure(place, provider, allowedAudiences=allowed)
        token = provider.signed(provider.claims(aud=audience))
        assert (await ada.me(authorization=f"Bearer {token}"))["loggedIn"] is good, (audience, allowed)


async def test_bearer_tokens_that_are_forged_do_not_count(provider: Crooked, ada: Visitor) -> None:
    for name, make in FORGERIES.items():
        if name == "very long":
            continue  # no request is so large
        assert await ada.me(authorization=f"Bearer {make(provider, 'n')}") == {"loggedIn": False}


async def test_what_claims_to_be_a_session_of_ours_has_to_be_signed_by_us(provider: Crooked, ada: Visitor) -> None:
    said = provider.claims(iss=ISSUER, federated_claims={"connector_id": "oidc", "user_id": "u-1"})
    key = OctKey.import_key("another-key-that-is-long-enough-for-HS256", {"kid": "x"})
    for token in (unsigned(said), provider.signed(said), provider.signed(said, key=key, algorithm="HS256")):
        assert await ada.me(authorization=f"Bearer {token}") == {"loggedIn": False}


async def test_a_reply_of_the_api_to_a_forged_token_says_why_and_quotes_nothing(
    place: Place, provider: Crooked
) -> None:
    token = provider.signed(provider.claims(), key=OTHER)
    headers = {"authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.delete(f"{place.url}/api/v1/session", headers=headers) as one,
    ):
        assert token.split(".")[1] not in await one.text()
        assert one.status < 500


async def _refused(provider: Crooked, visitor: Visitor, make: Callable[[Crooked, str], str]) -> None:
    arrival = await arrive(provider, visitor, make)
    assert arrival.status == 403, arrival.text
    assert not visitor.cookie("argocd.token")
    assert await visitor.me() == {"loggedIn": False}
