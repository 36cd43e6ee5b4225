"""Interrupted anywhere: the next run completes it, or a teardown removes it, and no key is left that is nobody's."""

import random
from typing import Any, get_args

import pytest

from tests.setup.interrupting import BriskClock, Ticking, Where, interrupted
from tests.setup.place import Place
from tests.setup.terminal import Scripted
from trimtab.errors import Stalled
from trimtab.model.keys import Manifest
from trimtab.setup.setup import rotate, set_up, tear_down
from trimtab.setup.steps.access import verify

MOST = 300
WHERE = get_args(Where)
BY_TOKEN = {"login": {"type": "oauthApp"}}
LEFTOVERS = {"webhook.github.secret.previous", "server.secretkey.next"}


@pytest.fixture
def place(place: Place) -> Place:
    place.clock = BriskClock()
    return place


async def is_complete(place: Place, text: str) -> None:
    """Exactly one key, one App or hook, and nothing more to do."""
    repository, world = place.github.world.repositories["acme/infra"], place.github.world
    again = place.terminal()
    assert await place.set_up(text, again) == "nothing", again.plan
    assert [key.title.split(" (")[0] for key in repository.keys] == ["trimtab production"]
    assert len(repository.hooks) + len(world.github_apps) == 1
    assert len(world.installations) == len(world.github_apps)


def nothing_is_left(place: Place) -> None:
    repository, world = place.github.world.repositories["acme/infra"], place.github.world
    assert (repository.keys, repository.hooks, world.github_apps, world.installations) == ([], [], {}, {})


@pytest.mark.parametrize("fields", [{}, BY_TOKEN], ids=["App", "token"])
@pytest.mark.parametrize("where", WHERE)
async def test_each_run_is_interrupted_a_little_later(place: Place, where: Where, fields: dict[str, Any]) -> None:
    """Every run goes on where the one before was interrupted, and is interrupted in its turn."""
    by_token(place, fields)
    text, position = place.environment(**fields), 1
    while await interrupted(place, text, set_up, where=where, position=position):
        position += 2
        assert position < MOST
    await is_complete(place, text)
    position = 1
    while await interrupted(place, text, tear_down, where=where, position=position):
        position += 2
        assert position < MOST
    nothing_is_left(place)
    await place.vanished("Namespace", "argocd")


@pytest.mark.parametrize("fields", [{}, BY_TOKEN], ids=["App", "token"])
@pytest.mark.parametrize("where", WHERE)
async def test_what_was_interrupted_is_taken_down(place: Place, where: Where, fields: dict[str, Any]) -> None:
    """Wherever a set-up ended, the plan of the teardown names all that is at GitHub."""
    by_token(place, fields)
    text, seed = place.environment(**fields), f"{where} {fields}"
    for position in sorted(random.Random(seed).sample(range(1, 60), 5)):
        print(f"{where}: interrupted at {position}")
        await interrupted(place, text, set_up, where=where, position=position)
        terminal = Ticking(place)
        await place.tear_down(text, terminal)
        await delete_named(place, terminal)
        nothing_is_left(place)
        await place.vanished("Namespace", "argocd")


@pytest.mark.parametrize("what", ["deploy-key", "webhook-secret", "server-key"])
@pytest.mark.parametrize("where", ["github", "cluster"])
async def test_a_rotation_is_interrupted(place: Place, where: Where, what: str) -> None:
    text, position = place.environment(), 1
    await place.set_up(text, place.terminal())
    before = known = await secrets_of(place)
    while await rotation_interrupted(place, text, what, where=where, position=position):
        position += 1
        assert position < MOST
        after = await secrets_of(place)
        if after["deploy-key"] != known["deploy-key"]:
            await still_fetched(place, text)
        known = after
    after = await secrets_of(place)
    assert before[what] != after[what]
    assert await place.cluster.get("Secret", "trimtab-next-deploy-key") is None
    assert (await place.cluster.secret("argocd-secret")).keys().isdisjoint(LEFTOVERS)
    await is_complete(place, text)
    [app] = place.github.world.github_apps.values()
    assert app.hook.secret == after["webhook-secret"]


@pytest.mark.parametrize("what", ["deploy-key", "webhook-secret", "server-key"])
async def test_after_an_interrupted_rotation_comes_a_teardown(place: Place, what: str) -> None:
    text = place.environment()
    await place.set_up(text, place.terminal())
    position = random.Random(what).randrange(2, 6)
    assert await interrupted(place, text, lambda job: rotate(job, what), where="cluster", position=position), position
    await place.tear_down(text, place.terminal())
    nothing_is_left(place)
    await place.vanished("Namespace", "argocd")


async def rotation_interrupted(place: Place, text: str, what: str, *, where: Where, position: int) -> bool:
    """Likewise. That the key before is still to be retired is said where a rotation is complete."""
    try:
        return await interrupted(place, text, lambda job: rotate(job, what), where=where, position=position)
    except Stalled as error:
        assert (what, error.reason) == ("server-key", "NotRetired")
        return False


def by_token(place: Place, fields: dict[str, Any]) -> None:
    if fields:
        place.token = place.github.world.personal_token("ada", "repo", "read:org")


async def delete_named(place: Place, terminal: Scripted) -> None:
    """As a person does what a plan's warning says."""
    for line in terminal.plan.lines():
        if line.action == "warn" and line.subject.endswith("may be there already"):
            await place.visitor.walk(line.note.rpartition(" ")[2], verify=line.subject.split()[2])


async def secrets_of(place: Place) -> dict[str, str]:
    there = await place.cluster.secret("argocd-secret")
    [key] = [one for one in await place.cluster.find_all("Secret", namespace="argocd") if is_repository(one)]
    return {
        "deploy-key": key["data"]["sshPrivateKey"],
        "webhook-secret": there["webhook.github.secret"],
        "server-key": there["server.secretkey"],
    }


def is_repository(secret: Manifest) -> bool:
    return "argocd.argoproj.io/secret-type" in (secret["metadata"].get("labels") or {})


async def still_fetched(place: Place, text: str) -> None:
    """The key that the cluster has is one that GitHub knows."""
    async with await place.job(text, place.terminal()) as job:
        await verify(job)
