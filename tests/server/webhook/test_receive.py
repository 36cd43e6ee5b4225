"""From a delivery to a look: what a push touches is looked at, here or by the annotation, and nothing else."""

import asyncio
import io
from typing import Any

import msgspec
import pytest

from tests.engine.world import CALM, at, until
from tests.server.desk import Answer, Desk
from tests.server.webhook.payloads import GITHUB, SAMPLES, SECRET
from trimtab.model.names import REFRESH, REFRESH_TIMESTAMP

ADDRESS = "/api/webhook"


def config_map(value: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{color: {value}}}\n"


async def pushed(
    desk: Desk, *, url: str = "", proven: bool = True, ref: str = "refs/heads/main", **more: Any
) -> Answer:
    """Deliver a push, as GitHub tells of one."""
    repository = {"html_url": url or desk.repo.url, "default_branch": "main"}
    payload = {**GITHUB.payload, "ref": ref, "repository": repository, **more}
    delivery = GITHUB.delivery(proven=proven, payload=payload)
    return await desk.call("POST", ADDRESS, who="", data=delivery.body, headers=delivery.headers)


@pytest.fixture
async def hooked(desk: Desk) -> Desk:
    """A desk whose argocd-secret guards GitHub's webhooks, with an application `shop` in sync."""
    patch = {"stringData": GITHUB.secrets}
    await desk.patch("Secret", "argocd-secret", patch, namespace=desk.control)
    await until(lambda: pushed(desk, proven=False), lambda answer: answer.status == 401)
    desk.repo.commit({"app/map.yaml": config_map("red"), "other/map.yaml": config_map("red")})
    await desk.create(desk.an_app())
    await desk.synced()
    await desk.settled()
    return desk


async def test_a_push_is_looked_at_without_a_write(hooked: Desk) -> None:
    hooked.repo.commit({"app/map.yaml": config_map("blue")})
    before = await hooked.app()
    answer = await pushed(hooked)
    assert (answer.status, answer.body) == (200, {"message": "the push was heard"})
    await hooked.synced()
    live = await hooked.there("ConfigMap", "settings", lambda seen: seen["data"]["color"] == "blue")
    assert at(live, "data.color") == "blue"
    assert REFRESH not in (before["metadata"].get("annotations") or {})


async def test_another_replica_asks_by_the_annotation(hooked: Desk) -> None:
    """Its controller does not act: whoever does sees the annotation, and takes it away."""
    hooked.running.served.acting = lambda: False
    hooked.repo.commit({"app/map.yaml": config_map("blue")})
    async with hooked.counting() as sent:
        assert (await pushed(hooked)).status == 200
        await hooked.synced()
    assert sent["patch"]
    app = await hooked.app_until(lambda app: REFRESH not in (app["metadata"].get("annotations") or {}))
    assert REFRESH_TIMESTAMP not in (app["metadata"].get("annotations") or {})


async def test_a_storm_for_another_replica_is_few_writes(hooked: Desk) -> None:
    hooked.running.served.acting = lambda: False
    async with hooked.counting() as sent:
        answers = await asyncio.gather(*(pushed(hooked) for _ in range(50)))
    assert {answer.status for answer in answers} == {200}
    assert 0 < sent["patch"] <= 6, dict(sent)


async def test_a_storm_is_few_looks(hooked: Desk) -> None:
    """Replays are harmless: an application waits once for its look, however many ask."""
    looks = 0
    memory = hooked.world.memory(hooked.key())
    last = memory.looked_at
    sending = asyncio.gather(*(pushed(hooked) for _ in range(100)))
    while not sending.done():
        await asyncio.sleep(0)
        looks += memory.looked_at != last
        last = memory.looked_at
    assert {answer.status for answer in await sending} == {200}
    assert 0 < looks <= 50


@pytest.mark.parametrize(
    "push",
    [
        {"url": "https://git.example.com/acme/other"},
        {"ref": "refs/heads/feature"},
        {"proven": False},
    ],
)
async def test_what_is_not_touched_is_not_looked_at(hooked: Desk, push: dict[str, Any]) -> None:
    looked_at = hooked.world.memory(hooked.key()).looked_at
    await pushed(hooked, **push)
    await asyncio.sleep(2 * CALM)
    await hooked.settled()
    assert hooked.world.memory(hooked.key()).looked_at == looked_at


async def test_files_that_manifests_are_not_made_of(hooked: Desk) -> None:
    await hooked.edit({"metadata": {"annotations": {"argocd.argoproj.io/manifest-generate-paths": "."}}})
    store = hooked.running.served.applications

    async def known() -> bool:
        found = store.get(hooked.key())
        return found is not None and b"manifest-generate-paths" in found.body

    await until(known, bool)
    await hooked.settled()
    memory = hooked.world.memory(hooked.key())
    looked_at = memory.looked_at
    elsewhere = [{"added": [], "removed": [], "modified": ["other/map.yaml"]}]
    assert (await pushed(hooked, commits=elsewhere)).status == 200
    await asyncio.sleep(2 * CALM)
    assert memory.looked_at == looked_at
    assert (await pushed(hooked, commits=[{**elsewhere[0], "added": ["app/new.yaml"]}])).status == 200
    await hooked.looked_at(times=0)
    assert memory.looked_at > looked_at


async def test_refusals(hooked: Desk) -> None:
    assert (await pushed(hooked, proven=False)).failure[:2] == (401, 16)
    other = SAMPLES["GitLab"].delivery()
    answer = await hooked.call("POST", ADDRESS, who="", data=other.body, headers=other.headers)
    assert answer.failure[:2] == (401, 16)
    answer = await hooked.call("POST", ADDRESS, who="", data=b"{}")
    assert answer.failure[:2] == (400, 3)
    assert SECRET not in str(answer.body)
    answer = await hooked.call("GET", ADDRESS, who="")
    assert answer.status == 405
    ping = GITHUB.delivery(x_github_event="ping")
    answer = await hooked.call("POST", ADDRESS, who="", data=ping.body, headers=ping.headers)
    assert (answer.status, answer.body) == (200, {"message": "this event is about something else, and ignored"})


async def test_a_push_to_nowhere(hooked: Desk) -> None:
    answer = await pushed(hooked, repository={"html_url": "", "clone_url": "", "ssh_url": ""})
    assert answer.status == 200


async def test_a_secret_that_is_kept_elsewhere(hooked: Desk) -> None:
    """`$SECRET:KEY`, if that Secret is part of Argo CD; else the text is the secret."""
    refers = {"stringData": {"webhook.github.secret": "$hooks:github"}}
    await hooked.patch("Secret", "argocd-secret", refers, namespace=hooked.control)
    await until(lambda: pushed(hooked), lambda answer: answer.status == 401)
    await hooked.installed("Secret", "hooks", {"github": SECRET})
    await until(lambda: pushed(hooked), lambda answer: answer.status == 200)
    other = {"metadata": {"labels": {"app.kubernetes.io/part-of": "other"}}}
    await hooked.patch("Secret", "hooks", other, namespace=hooked.control)
    await until(lambda: pushed(hooked), lambda answer: answer.status == 401)


async def test_a_delivery_of_too_many_references(hooked: Desk) -> None:
    sample = SAMPLES["Azure DevOps"]
    await hooked.patch("Secret", "argocd-secret", {"stringData": sample.secrets}, namespace=hooked.control)
    payload = msgspec.to_builtins(sample.payload)
    payload["resource"]["refUpdates"] *= 1001
    delivery = sample.delivery(payload=payload)

    async def deliver() -> Answer:
        return await hooked.call("POST", ADDRESS, who="", data=delivery.body, headers=delivery.headers)

    answer = await until(deliver, lambda seen: seen.status != 401)
    assert answer.failure[:2] == (400, 3)


async def test_a_payload_larger_than_configured(hooked: Desk) -> None:
    delivery = GITHUB.delivery(payload={**GITHUB.payload, "zen": "x" * (1 << 20)})
    somebody = await hooked.session("")

    async def deliver() -> int:
        async with somebody.post(ADDRESS, data=io.BytesIO(delivery.body), headers=delivery.headers) as response:
            return response.status

    assert await deliver() == 200
    size = {"data": {"webhook.maxPayloadSizeMB": "1"}}
    await hooked.patch("ConfigMap", "argocd-cm", size, namespace=hooked.control)
    assert await until(deliver, lambda status: status != 200) == 413


async def test_while_the_secret_is_rotated_deliveries_of_both_are_heard(hooked: Desk) -> None:
    """Also of events that are about something else: GitHub's ping shows which secret it has."""
    rotated = {"webhook.github.secret": "new", "webhook.github.secret.previous": SECRET}
    await hooked.patch("Secret", "argocd-secret", {"stringData": rotated}, namespace=hooked.control)
    uses = hooked.running.served.previous_uses
    ping = GITHUB.delivery(x_github_event="ping")

    async def pinged() -> int:
        answer = await hooked.call("POST", ADDRESS, who="", data=ping.body, headers=ping.headers)
        assert answer.status == 200
        return uses.counts["webhook.github.secret"]

    count = await until(pinged, bool)
    assert (await pushed(hooked)).status == 200
    assert uses.counts == {"webhook.github.secret": count + 1}
    now = hooked.running.served.clock.now().timestamp()
    assert 0 <= now - uses.last["webhook.github.secret"] < 60
    gone = {"data": {"webhook.github.secret.previous": None}}
    await hooked.patch("Secret", "argocd-secret", gone, namespace=hooked.control)
    await until(lambda: pushed(hooked), lambda answer: answer.status == 401)
