"""Applications made, changed and deleted through the API, on the sandbox."""

import asyncio
import copy
import json
import socket
from typing import Any

import pytest

from tests.engine.world import at
from tests.server.desk import Answer, Desk
from trimtab.model.keys import Manifest
from trimtab.model.names import BACKGROUND_FINALIZER, RESOURCES_FINALIZER

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"
PATH = "/api/v1/applications"
OTHERS = "notified.notifications.argoproj.io"


@pytest.fixture
def shop(desk: Desk) -> Manifest:
    """What somebody sends to make the Application `shop`."""
    desk.repo.commit({"app/one.yaml": CONFIG, "other/one.yaml": CONFIG})
    made = desk.an_app(auto_sync=False, spec={"syncPolicy": {"syncOptions": ["CreateNamespace=true"]}})
    return {"metadata": {"name": made["metadata"]["name"]}, "spec": made["spec"]}


def changed(app: Manifest, **spec: Any) -> Manifest:
    return {**copy.deepcopy(app), "spec": {**copy.deepcopy(app["spec"]), **spec}}


async def made(desk: Desk, app: Manifest) -> Answer:
    answer = await desk.call("POST", PATH, json=app)
    assert answer.status == 200, answer.body
    return answer


async def test_create(desk: Desk, shop: Manifest) -> None:
    answer = await made(desk, {**shop, "operation": {"sync": {}}, "status": {"sync": {"status": "Synced"}}})
    assert answer.body["spec"] == shop["spec"]
    assert at(answer.body, "status.sync.status") == "", "what callers say of the status is not heeded"
    app = await desk.app_until(lambda app: at(app, "status.sync.status") == "OutOfSync")
    assert "operation" not in app
    managers = {entry["manager"] for entry in app["metadata"]["managedFields"]}
    assert "argocd-server" in managers


async def test_null_is_the_same_as_left_out(desk: Desk, shop: Manifest) -> None:
    nulls = changed(shop, sources=None, syncPolicy={**shop["spec"]["syncPolicy"], "automated": None})
    assert (await made(desk, nulls)).body["spec"] == shop["spec"]
    assert (await desk.call("PUT", f"{PATH}/{shop['metadata']['name']}", json=nulls)).body["spec"] == shop["spec"]


async def test_create_what_is_there(desk: Desk, shop: Manifest) -> None:
    await made(desk, shop)
    await desk.app_until(lambda app: at(app, "status.sync.status"))
    again = await made(desk, shop)
    assert at(again.body, "status.sync.status") == "OutOfSync", "the existing object is given back"
    other = changed(shop, revisionHistoryLimit=3)
    answer = await desk.call("POST", PATH, json=other)
    assert answer.failure == (400, 3, "existing application spec is different, use upsert flag to force update")
    labelled = {**other, "metadata": {**shop["metadata"], "labels": {"team": "a"}}}
    await desk.edit({"metadata": {"labels": {"kept": "yes"}}})
    answer = await desk.call("POST", PATH, json=labelled, upsert=True)
    assert answer.status == 200
    assert answer.body["spec"]["revisionHistoryLimit"] == 3
    assert answer.body["metadata"]["labels"] == {"team": "a", "kept": "yes"}
    assert at(answer.body, "status.sync.status") == "OutOfSync"


async def test_specs_that_cannot_be(desk: Desk, shop: Manifest) -> None:
    bad: list[tuple[Manifest, str]] = [
        ({"destination": {}}, "Destination server missing from app spec"),
        ({"destination": {"server": "https://kubernetes.default.svc", "name": "in-cluster"}}, "both name and server"),
        ({"destination": {"server": "https://elsewhere.example"}}, "application destination spec for"),
        ({"project": "no-such"}, "no-such"),
        ({"project": ["default"]}, "spec.project"),
        ({"source": None}, "spec.source is missing"),
        ({"source": {"repoURL": "file:///nowhere.git", "path": "app"}}, "application spec for"),
        ({"source": {"repoURL": "https://git.example/x.git"}}, "path, chart, ref"),
        ({"sourcee": {}}, 'unknown field "spec.sourcee"'),
        ({"syncPolicy": {"automated": {"selfheal": True}}}, 'unknown field "spec.syncPolicy.automated.selfheal"'),
        ({"ignoreDifferences": [{"kind": "A", "jsonPointer": []}]}, '"spec.ignoreDifferences[].jsonPointer"'),
        ({"revisionHistoryLimit": "three"}, "revisionHistoryLimit"),
        ({"revisionHistoryLimit": 1 << 70}, "64-bit"),
        ({"info": {"a": "b"}}, "info"),
    ]
    for edit, said in bad:
        status, code, message = (await desk.call("POST", PATH, json=changed(shop, **edit))).failure
        assert (status, code) == (400, 3)
        assert said in message
    assert await desk.get("Application", shop["metadata"]["name"], namespace=desk.control) is None


async def test_a_path_that_is_not_there(desk: Desk, shop: Manifest) -> None:
    lost = changed(shop, source={**shop["spec"]["source"], "path": "lost"})
    status, code, message = (await desk.call("POST", PATH, json=lost)).failure
    assert (status, code) == (400, 3)
    assert message.startswith(f"application spec for {shop['metadata']['name']} is invalid: lost: app path")
    assert (await desk.call("POST", PATH, json=lost, validate=False)).status == 200


async def test_names_that_cannot_be(desk: Desk, shop: Manifest) -> None:
    bad: list[object] = [
        "",
        "Bad_Name",
        "a/b",
        "..",
        "a..b",
        "../../secrets/argocd-secret",
        "-a",
        "a" * 254,
        "ä",
        "a\n",
        7,
        None,
    ]
    for name in bad:
        answer = await desk.call("POST", PATH, json={**shop, "metadata": {"name": name}})
        assert answer.failure[:2] == (400, 3), name


async def test_bodies_that_cannot_be(desk: Desk) -> None:
    bad = [
        b"",
        b"null",
        b"{",
        b"[]",
        b'{"metadata": {"name": "x"}}',
        b'{"metadata": {"name": "x"}, "spec": null}',
        b'{"metadata": {"name": "x", "lables": {}}, "spec": {}}',
        b'{"metadata": {"name": "x", "labels": {"a": 1}}, "spec": {}}',
        b'{"metadata": {"name": "x"}, "spec": {}, "sepc": {}}',
        b'{"metadata": {"name": "x"}, "spec": {"project": "\\ud800"}}',
        b'{"metadata": {"name": "x"}, "spec": {"source": ' + b'{"helm":' * 900 + b"1" + b"}" * 900 + b"}}",
        b'{"metadata": {"name": "x"}, "spec": {"source": {"helm": {"valuesObject": '
        + b'{"a":' * 600
        + b"1"
        + b"}" * 600
        + b"}}}}",
    ]
    for body in bad:
        assert (await desk.call("POST", PATH, data=body)).failure[:2] == (400, 3), body[:99]


async def test_what_kubernetes_refuses(desk: Desk, shop: Manifest) -> None:
    labelled = {**shop, "metadata": {**shop["metadata"], "labels": {"a": "not a label!"}}}
    assert (await desk.call("POST", PATH, json=labelled)).failure[:2] == (400, 3)
    elsewhere = {**shop, "metadata": {**shop["metadata"], "namespace": desk.place}}
    assert (await desk.call("POST", PATH, json=elsewhere)).failure == (
        403, 7, f"namespace '{desk.place}' is not permitted",
    )  # fmt: skip


async def test_clients_write_what_they_like_in_finalizers(desk: Desk, shop: Manifest) -> None:
    odd = {**shop, "metadata": {**shop["metadata"], "finalizers": ["resources-finalizers.argocd.argoproj.io"]}}
    assert (await made(desk, odd)).body["metadata"]["finalizers"] == ["resources-finalizers.argocd.argoproj.io"]
    await desk.edit({"metadata": {"finalizers": None}})


async def test_update_replaces_what_callers_decide_and_nothing_else(desk: Desk, shop: Manifest) -> None:
    name = (await made(desk, shop)).body["metadata"]["name"]
    before = await desk.app_until(lambda app: at(app, "status.sync.status"))
    await desk.edit({"metadata": {"annotations": {OTHERS: "{}"}, "labels": {"a": "b"}}})
    wanted = changed(shop, revisionHistoryLimit=3)
    wanted = {**wanted, "status": {"sync": {"status": "Synced"}}, "operation": {"sync": {"prune": True}}}
    answer = await desk.call("PUT", f"{PATH}/{name}", json=wanted)
    assert answer.status == 200, answer.body
    after = await desk.app()
    assert after["status"] == before["status"]
    assert "operation" not in after
    assert after["spec"]["revisionHistoryLimit"] == 3
    assert not {"labels", "annotations"} & after["metadata"].keys(), "as Argo CD: replaced"


async def test_a_stale_copy_is_refused(desk: Desk, shop: Manifest) -> None:
    name = (await made(desk, shop)).body["metadata"]["name"]
    seen = await desk.app_until(lambda app: at(app, "status.sync.status"))
    await desk.edit({"metadata": {"annotations": {OTHERS: "{}"}}})
    seen["spec"]["revisionHistoryLimit"] = 3
    status, code, message = (await desk.call("PUT", f"{PATH}/{name}", json=seen)).failure
    assert (status, code) == (409, 10)
    assert "read it again" in message
    assert OTHERS in (await desk.app())["metadata"]["annotations"]
    fresh = await desk.app()
    fresh["spec"]["revisionHistoryLimit"] = 3
    assert (await desk.call("PUT", f"{PATH}/{name}", json=fresh)).status == 200


async def test_fields_that_nobody_knows_are_kept(desk: Desk, shop: Manifest) -> None:
    name = (await made(desk, shop)).body["metadata"]["name"]
    await desk.edit({"spec": {"fromTheFuture": {"a": 1}, "source": {"sparse": True}}})
    typed = await desk.call("PUT", f"{PATH}/{name}", json=changed(shop, revisionHistoryLimit=3))
    assert typed.body["spec"]["fromTheFuture"] == {"a": 1}, "a client that does not know the field"
    assert typed.body["spec"]["source"]["sparse"] is True
    knowing = typed.body["spec"] | {"fromTheFuture": {"a": 2}}
    spec = await desk.call("PUT", f"{PATH}/{name}/spec", json=knowing)
    assert spec.body["fromTheFuture"] == {"a": 2}, "a client that knows it"
    answer = await desk.call("PUT", f"{PATH}/{name}/spec", json={**knowing, "fromElsewhere": 1})
    assert answer.failure[:2] == (400, 3)
    assert "spec.fromElsewhere" in answer.failure[2]


async def test_update_spec(desk: Desk, shop: Manifest) -> None:
    name = (await made(desk, shop)).body["metadata"]["name"]
    await desk.edit({"metadata": {"annotations": {OTHERS: "{}"}}})
    wanted = changed(shop, source={**shop["spec"]["source"], "path": "other"})["spec"]
    answer = await desk.call("PUT", f"{PATH}/{name}/spec", json=wanted)
    assert (answer.status, answer.body) == (200, wanted)
    app = await desk.app()
    assert app["spec"] == wanted
    assert app["metadata"]["annotations"][OTHERS] == "{}"
    lost = {**wanted, "source": {**wanted["source"], "path": "lost"}}
    assert (await desk.call("PUT", f"{PATH}/{name}/spec", json=lost)).failure[:2] == (400, 3)


@pytest.mark.parametrize(
    ("patch_type", "patch"),
    [
        ("merge", {"spec": {"source": {"path": "other"}}, "metadata": {"labels": {"a": "b"}}}),
        ("json", [{"op": "replace", "path": "/spec/source/path", "value": "other"},
                  {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]),
        (None, [{"op": "replace", "path": "/spec/source/path", "value": "other"},
                {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},
                {"op": "add", "path": "/status", "value": {}},
                {"op": "add", "path": "/operation", "value": {"sync": {}}}]),
    ],
)  # fmt: skip
async def test_patch(desk: Desk, shop: Manifest, patch_type: str | None, patch: Any) -> None:
    name = (await made(desk, shop)).body["metadata"]["name"]
    before = await desk.app_until(lambda app: at(app, "status.sync.status"))
    body = {"name": name, "patch": json.dumps(patch), "patchType": patch_type}
    answer = await desk.call("PATCH", f"{PATH}/{name}", json=body)
    assert answer.status == 200, answer.body
    assert answer.body["spec"]["source"]["path"] == "other"
    assert answer.body["metadata"]["labels"] == {"a": "b"}
    assert "operation" not in answer.body
    assert answer.body["status"]["sync"]["status"] == before["status"]["sync"]["status"]


async def test_patches_that_cannot_be(desk: Desk, shop: Manifest) -> None:
    """What else cannot be: test_patched.py."""
    name = (await made(desk, shop)).body["metadata"]["name"]
    bad = [
        ("strategic", "{}"),
        ("merge", "{"),
        ("merge", "null"),
        ("merge", '{"spec": null}'),
        ("merge", '{"spec": {"sourcee": {}}}'),
        ("merge", '{"metadata": {"name": "other"}}'),
        ("merge", '{"metadata": {"namespace": "other"}}'),
        ("merge", '{"metadata": {"lables": {"a": "b"}}}'),
        ("merge", '{"metadata": null}'),
        ("json", None),
        ("json", '[{"op": "remove", "path": ""}]'),
    ]
    for patch_type, patch in bad:
        answer = await desk.call("PATCH", f"{PATH}/{name}", json={"patch": patch, "patchType": patch_type})
        assert answer.failure[:2] == (400, 3), answer.body
    assert (await desk.app())["spec"] == shop["spec"]


@pytest.mark.parametrize(
    ("query", "before", "after"),
    [
        ({}, [], [RESOURCES_FINALIZER]),
        ({}, [BACKGROUND_FINALIZER], [BACKGROUND_FINALIZER]),
        ({"propagationPolicy": "background"}, [RESOURCES_FINALIZER], [BACKGROUND_FINALIZER]),
        ({"propagationPolicy": "foreground"}, [], [RESOURCES_FINALIZER]),
        ({"cascade": False}, [RESOURCES_FINALIZER, "acme.example/guard"], ["acme.example/guard"]),
    ],
)
async def test_delete(desk: Desk, shop: Manifest, query: Any, before: list[str], after: list[str]) -> None:
    guarded = [*before, *({"acme.example/guard"} - {*before})]
    app = {**shop, "metadata": {**shop["metadata"], "finalizers": guarded}}
    name = (await made(desk, app)).body["metadata"]["name"]
    await desk.app_until(lambda app: at(app, "status.sync.status"))
    await desk.world.clusters.home.close()
    answer = await desk.call("DELETE", f"{PATH}/{name}", **query)
    assert (answer.status, answer.body) == (200, {})
    now = await desk.get("Application", name, namespace=desk.control)
    assert now is not None and now["metadata"]["deletionTimestamp"]
    assert {*now["metadata"]["finalizers"]} <= {*after, "acme.example/guard"}
    await desk.edit({"metadata": {"finalizers": None}})


async def test_deleting_takes_away_what_was_deployed(desk: Desk, shop: Manifest) -> None:
    name = (await made(desk, changed(shop, syncPolicy={"automated": {}}))).body["metadata"]["name"]
    await desk.synced()
    assert (await desk.call("DELETE", f"{PATH}/{name}", cascade=True)).body == {}
    await desk.gone("ConfigMap", "one")


async def test_deleting_may_leave_what_was_deployed(desk: Desk, shop: Manifest) -> None:
    app = changed(shop, syncPolicy={"automated": {}})
    app["metadata"]["finalizers"] = [RESOURCES_FINALIZER]
    name = (await made(desk, app)).body["metadata"]["name"]
    await desk.synced()
    assert (await desk.call("DELETE", f"{PATH}/{name}", cascade=False)).body == {}
    assert await desk.get("Application", name, namespace=desk.control) is None
    assert await desk.there("ConfigMap", "one")


async def test_deletions_that_cannot_be(desk: Desk, shop: Manifest) -> None:
    name = (await made(desk, shop)).body["metadata"]["name"]
    bad = {"propagationPolicy": "orphan"}, {"propagationPolicy": "foreground", "cascade": False}, {"cascade": "perhaps"}
    for query in bad:
        assert (await desk.call("DELETE", f"{PATH}/{name}", **query)).failure[:2] == (400, 3)
    assert "deletionTimestamp" not in (await desk.app())["metadata"]
    assert (await desk.call("DELETE", f"{PATH}/lost")).failure == (403, 7, "permission denied")
    assert (await desk.call("DELETE", f"{PATH}/lost", project="default")).failure[:2] == (404, 5)
    for path in ("a%2Fb", "..%2F..%2Fsecrets", "%2e%2e", "UPPER", "a%00b"):
        assert (await desk.call("DELETE", f"{PATH}/{path}")).status in (400, 403, 404)


async def test_nobody_who_writes_at_the_same_time_is_lost(desk: Desk, shop: Manifest) -> None:
    name = (await made(desk, shop)).body["metadata"]["name"]
    patches = [json.dumps({"metadata": {"annotations": {f"acme.example/{n}": "x"}}}) for n in range(6)]
    bodies = [{"patch": patch, "patchType": "merge"} for patch in patches]
    answers = await asyncio.gather(*(desk.call("PATCH", f"{PATH}/{name}", json=body) for body in bodies))
    assert {answer.status for answer in answers} == {200}
    annotations = (await desk.app())["metadata"]["annotations"]
    assert {key for key in annotations if key.startswith("acme.example/")} == {f"acme.example/{n}" for n in range(6)}


async def test_a_repository_that_does_not_answer(desk: Desk, shop: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.server.writing.reach.SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://ada:hunter2@127.0.0.1:{silent.getsockname()[1]}/r.git"
        hanging = changed(shop, source={"repoURL": url, "path": "app"})
        status, code, message = (await desk.call("POST", PATH, json=hanging)).failure
        assert (status, code) == (400, 3)
        assert "did not answer within 0.5 s" in message
        assert "hunter2" not in message
    status, code, message = (await desk.call("POST", PATH, json=hanging)).failure
    assert (status, code) == (400, 3)
    assert "hunter2" not in message, "nor where the connection is refused"


async def test_a_label_is_changed_while_the_repository_is_away(desk: Desk, shop: Manifest) -> None:
    lost = changed(shop, source={"repoURL": "file:///nowhere.git", "path": "app"})
    assert (await desk.call("POST", PATH, json=lost, validate=False)).status == 200
    labelled = {**lost, "metadata": {**lost["metadata"], "labels": {"a": "b"}}}
    assert (await desk.call("PUT", f"{PATH}/{lost['metadata']['name']}", json=labelled)).status == 200
