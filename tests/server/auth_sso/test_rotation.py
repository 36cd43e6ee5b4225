"""The key that signs is rotated: two replicas hear of each step at different times, and nobody is put out."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.server.auth_sso.place import Place, Written, a_place
from tests.server.auth_sso.test_github import dex
from tests.server.auth_sso.visitor import Visitor
from trimtab.fakegithub.applications import OAuthApp
from trimtab.fakegithub.server import FakeGitHub

OLD, NEW = "the-key-that-has-signed-until-today", "the-key-that-is-to-sign-from-now-on"
STEPS = ((OLD, ""), (OLD, NEW), (NEW, OLD), (NEW, ""))
"""(server.secretkey, server.secretkey.previous), in the order in which a rotation writes them."""
NEIGHBOURS = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)]


@pytest.fixture
async def other(place: Place, github: FakeGitHub, app: OAuthApp) -> AsyncIterator[Place]:
    """Another replica, which hears of changes by itself; both are configured for GitHub."""
    place.configure(dex__config=dex(github, app))
    async with a_place(Written()) as other:
        other.configuration.write("ConfigMap", "argocd-cm", place.configuration.config_map("argocd-cm"))
        yield other


def at_step(place: Place, step: int) -> None:
    key, previous = STEPS[step]
    place.configuration.write(
        "Secret", "argocd-secret", {"server.secretkey": key, "server.secretkey.previous": previous}
    )


async def known(visitor: Visitor, place: Place, token: str) -> bool:
    async with visitor.session.get(
        f"{place.url}/api/v1/session/userinfo", headers={"authorization": f"Bearer {token}"}
    ) as response:
        answered: bool = (await response.json())["loggedIn"]
        return answered


@pytest.mark.parametrize(("here", "there"), NEIGHBOURS)
async def test_a_session_counts_at_a_replica_that_is_a_step_apart(
    place: Place, other: Place, ada: Visitor, here: int, there: int
) -> None:
    at_step(place, here)
    at_step(other, there)
    await ada.log_in("ada")
    token = ada.cookie("argocd.token")
    assert await known(ada, place, token)
    assert await known(ada, other, token)


@pytest.mark.parametrize(("here", "there"), NEIGHBOURS)
async def test_a_login_that_one_began_another_ends(
    place: Place, other: Place, ada: Visitor, here: int, there: int
) -> None:
    at_step(place, here)
    at_step(other, there)
    back = await ada.consent(await ada.begin(), "ada")
    arrival = await ada.get(back.replace(place.url, other.url))
    assert arrival.status == 303, arrival.text


async def test_who_is_at_work_all_the_while_is_never_put_out(
    place: Place, other: Place, visitors: Callable[[str], Visitor]
) -> None:
    for one in (place, other):
        at_step(one, 0)
    ada = visitors(place.url)
    await ada.log_in("ada")
    tokens = [ada.cookie("argocd.token")]
    for step in (1, 2):
        for replica in (other, place):
            at_step(replica, step)
            newcomer = visitors(replica.url)
            await newcomer.log_in("ada") if replica is place else None
            tokens += [found] if (found := newcomer.cookie("argocd.token")) else []
            for token in tokens:
                assert await known(ada, place, token)
                assert await known(ada, other, token)
    uses = place.served.previous_uses
    assert uses.counts["server.secretkey"] > 0
    assert uses.last["server.secretkey"] == int(place.clock.now().timestamp())


async def test_what_the_key_before_signed_is_over_with_it(place: Place, other: Place, ada: Visitor) -> None:
    at_step(place, 0)
    await ada.log_in("ada")
    old = ada.cookie("argocd.token")
    at_step(place, 2)
    await ada.log_in("ada")
    at_step(place, 3)
    assert not await known(ada, place, old)
    assert await known(ada, place, ada.cookie("argocd.token"))


async def test_the_key_before_alone_lets_nobody_in(place: Place, other: Place, ada: Visitor) -> None:
    at_step(place, 0)
    await ada.log_in("ada")
    place.configuration.write("Secret", "argocd-secret", {"server.secretkey.previous": OLD})
    async with ada.session.get(f"{place.url}/api/v1/session/userinfo") as response:
        assert response.status == 503
