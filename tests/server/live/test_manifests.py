"""What Git declares, beside what runs: manifests, managed resources, differences, commits; on the sandbox."""

import json
from typing import Any

from tests.engine.objects import config_map, deployment, files, job, service
from tests.engine.world import at
from tests.server.desk import Desk
from tests.server.live.looking import path
from trimtab.model.names import HOOK


async def managed(desk: Desk, **query: str) -> Any:
    answer = await desk.call("GET", path(desk, "managed-resources"), **query)
    assert answer.status == 200, answer.body
    return answer.body["items"]


async def targets(desk: Desk) -> list[tuple[str, bool]]:
    """What is declared, and whether it differs from what runs."""
    return [(one["targetState"], one.get("modified", False)) for one in await managed(desk)]


async def test_in_sync(shop: Desk) -> None:
    items = {one["kind"]: one for one in await managed(shop)}
    assert items.keys() == {"Deployment", "Service", "ConfigMap"}
    one = items["Deployment"]
    live = json.loads(one["liveState"])
    assert (one["group"], one["namespace"], one["name"]) == ("apps", shop.place, "web")
    assert one["resourceVersion"] == live["metadata"]["resourceVersion"]
    assert "modified" not in one
    assert one["normalizedLiveState"] == one["predictedLiveState"]
    assert "status" in live and "status" not in json.loads(one["normalizedLiveState"])
    target = json.loads(one["targetState"])
    assert target["spec"]["replicas"] == 1
    assert f"{shop.named()}:apps/Deployment:{shop.place}/web" in target["metadata"]["annotations"].values()


async def test_drifted_and_gone_and_new(shop: Desk) -> None:
    shop.repo.commit(files("app", deployment("web", replicas=3), config_map("new")) | {"app/service-web.yaml": None})
    await shop.edit({"spec": {"syncPolicy": {"automated": None}}})
    await shop.refresh()
    items = {one["kind"] + "/" + one["name"]: one for one in await managed(shop)}
    changed = items["Deployment/web"]
    assert changed["modified"] is True
    before, after = json.loads(changed["normalizedLiveState"]), json.loads(changed["predictedLiveState"])
    assert (before["spec"].pop("replicas"), after["spec"].pop("replicas")) == (1, 3)
    assert before == after, "what an apply changes, and nothing else"
    assert items["ConfigMap/new"]["liveState"] == items["ConfigMap/new"]["normalizedLiveState"] == "null"
    assert items["ConfigMap/new"]["modified"] is True
    assert items["Service/web"]["targetState"] == "null"


async def test_selected_and_projected(shop: Desk) -> None:
    assert [one["kind"] for one in await managed(shop, kind="Service")] == ["Service"]
    assert await managed(shop, kind="Service", name="nothing") is None
    (one,) = await managed(shop, group="apps", fields="items.name,items.kind")
    assert one == {"kind": "Deployment", "name": "web"}
    (one,) = await managed(shop, kind="ConfigMap", fields="-items.liveState,items.targetState")
    assert {"liveState", "targetState"} & one.keys() == set()
    assert (await shop.call("GET", path(shop, "managed-resources"), fields="a" * 9000)).failure[:2] == (400, 3)


async def test_hooks_are_marked(desk: Desk) -> None:
    hook = job("migrate", hook="PreSync")
    desk.repo.commit(files("app", hook, config_map("one")))
    await desk.create(desk.an_app())
    await desk.synced()
    marked = {one["name"]: one.get("hook", False) for one in await managed(desk)}
    assert marked == {"migrate": True, "one": False}
    answer = await desk.call("GET", path(desk, "manifests"))
    assert HOOK in str(answer.body["manifests"])


async def test_manifests_at_revisions(shop: Desk) -> None:
    first = shop.repo.sha()
    shop.repo.commit(files("app", service("second")))
    now = (await shop.call("GET", path(shop, "manifests"), noCache=True)).body
    before = (await shop.call("GET", path(shop, "manifests"), revision=first)).body
    pinned = (await shop.call("GET", path(shop, "manifests"), revisions=[first], sourcePositions=["1"])).body
    assert now["revision"] == shop.repo.sha()
    assert before["revision"] == pinned["revision"] == first
    assert [len(one["manifests"]) for one in (now, before, pinned)] == [4, 3, 3]
    assert before["sourceType"] == "Directory"


BAD_REVISIONS: tuple[dict[str, Any], ...] = (
    {"revision": "nothing"},
    {"revision": "--upload-pack=touch"},
    {"revision": "a" * 300},
    {"revisions": ["HEAD"]},
    {"revisions": ["HEAD"], "sourcePositions": ["0"]},
    {"revisions": ["HEAD"], "sourcePositions": ["2"]},
    {"sourcePositions": ["x"]},
)


async def test_revisions_that_cannot_be(shop: Desk) -> None:
    for query in BAD_REVISIONS:
        answer = await shop.call("GET", path(shop, "manifests"), **query)
        assert answer.failure[0] == 400, (query, answer.body)


async def test_what_cannot_be_rendered(desk: Desk) -> None:
    desk.repo.commit({"app/broken.yaml": "kind: [\n"})
    await desk.create(desk.an_app())
    for rest in ("manifests", "managed-resources", "server-side-diff"):
        status, _, message = (await desk.call("GET", path(desk, rest))).failure
        assert status == 400
        assert "broken.yaml" in message
    assert (await desk.call("GET", path(desk, "resource-tree"))).body == {}


async def test_what_an_apply_would_change(shop: Desk) -> None:
    same = await shop.call("GET", path(shop, "server-side-diff"))
    assert same.body["modified"] is False
    assert len(same.body["items"]) == 3
    wanted = [json.dumps(one) for one in (deployment("web", replicas=4), config_map("new"), service("web"))]
    answer = await shop.call("GET", path(shop, "server-side-diff"), targetManifests=wanted)
    assert answer.status == 200, answer.body
    items = {f"{one['kind']}/{one['name']}": one for one in answer.body["items"]}
    assert answer.body["modified"] is True
    assert {name: one.get("modified", False) for name, one in items.items()} == {
        "Deployment/web": True,
        "ConfigMap/new": True,
        "Service/web": False,
    }
    assert at(json.loads(items["Deployment/web"]["predictedLiveState"]), "spec.replicas") == 4
    assert await shop.get("ConfigMap", "new") is None, "nothing is written"


async def test_what_is_not_the_applications_is_not_compared(shop: Desk) -> None:
    await shop.create(config_map("lone", {"theirs": "seven"}))
    for wanted in (
        config_map("lone"),
        {**config_map("x"), "metadata": {"name": "x", "namespace": "no-such-namespace"}},
        {"apiVersion": "v1", "kind": "Nothing", "metadata": {"name": "x"}},
        {"apiVersion": "v1", "kind": "ConfigMap"},
        {},
    ):
        answer = await shop.call("GET", path(shop, "server-side-diff"), targetManifests=json.dumps(wanted))
        assert answer.status in (400, 404), answer.body
        assert "seven" not in str(answer.body)
    for text in ("{", "7", "[]", "null"):
        answer = await shop.call("GET", path(shop, "server-side-diff"), targetManifests=text)
        assert answer.failure[:2] == (400, 3)


async def test_a_commit(shop: Desk) -> None:
    sha = shop.repo.sha()
    shop.repo.tag("v1")
    answer = await shop.call("GET", path(shop, f"revisions/{sha}/metadata"))
    assert answer.body == {
        "author": "Ada Tester <ada@example.org>",
        "date": "2026-01-01T00:00:01Z",
        "message": "change",
    }
    history = await shop.call("GET", path(shop, f"revisions/{sha}/metadata"), versionId=0, sourceIndex=0)
    assert history.body["author"] == answer.body["author"]


async def test_commits_that_cannot_be(shop: Desk) -> None:
    for revision in ("HEAD", "main", "0" * 39, "f" * 40, "A" * 40, "-x", "a%2Fb", "ä"):
        answer = await shop.call("GET", path(shop, f"revisions/{revision}/metadata"))
        assert answer.failure[0] == 400, (revision, answer.body)


async def test_sources_that_there_are_not(shop: Desk) -> None:
    sha = shop.repo.sha()
    queries: tuple[dict[str, Any], ...] = ({"sourceIndex": 1}, {"sourceIndex": -1}, {"versionId": 99})
    for query in queries:
        answer = await shop.call("GET", path(shop, f"revisions/{sha}/metadata"), **query)
        assert answer.failure[:2] == (400, 3)
    for part in ("chartdetails", "ocimetadata"):
        assert (await shop.call("GET", path(shop, f"revisions/1.0.0/{part}"))).failure[:2] == (501, 12)
        assert (await shop.call("GET", path(shop, f"revisions/1.0.0/{part}"), who="eve")).status == 403


async def test_where_the_controller_is_elsewhere(shop: Desk) -> None:
    """Another replica keeps the applications on course: what Git says is looked up here."""
    here = await targets(shop), (await shop.call("GET", path(shop, "manifests"))).body
    shop.running.served.acting = lambda: False
    for _ in range(2):
        assert (await targets(shop), (await shop.call("GET", path(shop, "manifests"))).body) == here
    shop.repo.commit(files("app", config_map("new")))
    shop.running.served.world.memories.clear()
    await shop.edit({"spec": {"syncPolicy": {"automated": None}}})
    fresh = await shop.call("GET", path(shop, "manifests"), noCache=True)
    assert fresh.body["revision"] == shop.repo.sha()
