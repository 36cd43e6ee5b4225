"""Syncs, rollbacks and their ending, asked for through the API and carried out by the controller, on the sandbox."""

import asyncio
from typing import Any

import pytest

from tests.engine.world import at
from tests.server.desk import Desk
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP

PATH = "/api/v1/applications"


def config(text: str, name: str = "one") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{text: {text}}}\n"


HOOK = f"""apiVersion: {GROUP}/v1alpha1
kind: Workflow
metadata:
  name: before
  annotations: {{argocd.argoproj.io/hook: PreSync}}
"""


async def an_app(desk: Desk, **given: Any) -> str:
    """The path of an Application that is out of sync (or whatever `given` makes of it)."""
    if not given.get("keep"):
        desk.repo.commit({"app/one.yaml": config("a")})
    given.pop("keep", None)
    made = await desk.create(desk.an_app(**{"auto_sync": False, **given}))
    await desk.app_until(lambda app: at(app, "status.sync.status"))
    return f"{PATH}/{made['metadata']['name']}"


async def text(desk: Desk, name: str = "one") -> str:
    found = await desk.get("ConfigMap", name)
    return found["data"]["text"] if found else ""


async def test_sync(desk: Desk) -> None:
    path = await an_app(desk)
    desk.repo.commit({"app/one.yaml": config("b")})
    answer = await desk.call("POST", f"{path}/sync", json={})
    assert answer.status == 200, answer.body
    assert answer.body["operation"]["initiatedBy"] == {"username": "admin"}
    assert "operationState" not in answer.body["status"]
    app = await desk.sync_ended("Succeeded")
    assert at(app, "status.sync.revision") == desk.repo.sha(), "the newest, not the one that was seen last"
    assert await text(desk) == "b"


ROADIE = {"prune": False, "dryRun": False, "strategy": {"hook": {"force": False}}, "resources": None}
ASSISTANT = {"syncOptions": ["ServerSideApply=true"], "prune": True, "dryRun": False, "revision": ""}
BROWSER = {
    "appNamespace": "", "revision": "HEAD", "prune": True, "dryRun": False, "strategy": {"apply": {"force": False}},
    "resources": None, "syncOptions": {"items": ["ApplyOutOfSyncOnly=true"]}, "infos": [{"name": "why", "value": "x"}],
    "retryStrategy": {"limit": 2, "backoff": {"duration": "5s", "maxDuration": "3m0s", "factor": 2}},
}  # fmt: skip


@pytest.mark.parametrize("body", [ROADIE, ASSISTANT, BROWSER])
async def test_what_real_clients_send(desk: Desk, body: Manifest) -> None:
    answer = await desk.call("POST", f"{await an_app(desk)}/sync", json=body)
    assert answer.status == 200, answer.body
    await desk.sync_ended("Succeeded")
    assert await text(desk) == "a"


async def test_everything_asked_for_reaches_the_operation(desk: Desk) -> None:
    path = await an_app(desk)
    answer = await desk.call("POST", f"{path}/sync", json={**BROWSER, "dryRun": True})
    asked = answer.body["operation"]
    assert asked == {
        "initiatedBy": {"username": "admin"},
        "info": [{"name": "why", "value": "x"}],
        "retry": {"limit": 2, "backoff": {"duration": "5s", "maxDuration": "3m0s", "factor": 2}},
        "sync": {
            "revision": desk.repo.sha(),
            "prune": True,
            "dryRun": True,
            "syncStrategy": {"apply": {}},
            "syncOptions": ["ApplyOutOfSyncOnly=true"],
        },
    }
    await desk.sync_ended("Succeeded")
    assert await text(desk) == "", "a dry run"


async def test_a_revision_and_some_resources(desk: Desk) -> None:
    first = desk.repo.commit({"app/one.yaml": config("a"), "app/two.yaml": config("a", "two")})
    desk.repo.commit({"app/one.yaml": config("b")})
    path = await an_app(desk, keep=True)
    body = {"revision": first, "resources": [{"group": "", "kind": "ConfigMap", "name": "one", "namespace": None}]}
    assert (await desk.call("POST", f"{path}/sync", json=body)).status == 200
    await desk.sync_ended("Succeeded")
    assert (await text(desk), await text(desk, "two")) == ("a", "")


async def test_several_sources(desk: Desk) -> None:
    desk.repo.commit({"app/one.yaml": config("a"), "more/two.yaml": config("a", "two")})
    old = desk.repo.sha()
    desk.repo.commit({"app/one.yaml": config("b"), "more/two.yaml": config("b", "two")})
    sources = [{"repoURL": desk.repo.url, "path": path, "targetRevision": "HEAD"} for path in ("app", "more")]
    path = await an_app(desk, keep=True, spec={"sources": sources})
    body: Manifest = {"revisions": [old], "sourcePositions": [2]}
    answer = await desk.call("POST", f"{path}/sync", json=body)
    assert answer.body["operation"]["sync"]["revisions"] == ["", old]
    await desk.sync_ended("Succeeded")
    assert (await text(desk), await text(desk, "two")) == ("b", "a")
    bads: list[Manifest] = [
        {"sourcePositions": [3]},
        {"sourcePositions": ["0"]},
        {"sourcePositions": ["x"]},
        {"sourcePositions": []},
    ]
    for bad in bads:
        assert (await desk.call("POST", f"{path}/sync", json={**body, **bad})).failure[:2] == (400, 3)
    assert (await desk.call("POST", f"{path}/sync", json={"revision": old})).failure[:2] == (400, 3)


async def test_syncs_that_cannot_be(desk: Desk) -> None:
    path = await an_app(desk)
    bad: list[tuple[Any, tuple[int, int]]] = [
        ({"revision": "no-such-branch"}, (400, 9)),
        ({"manifests": ["{}"]}, (501, 12)),
        ({"resources": [{"kind": "ConfigMap"}]}, (400, 3)),
        ({"resources": [{"kind": "", "name": "one"}]}, (400, 3)),
        ({"strategy": {"hok": {}}}, (400, 3)),
        ({"syncOptions": "Prune=false"}, (400, 3)),
        ({"retryStrategy": {"backoff": {"duration": "soon"}}}, (400, 3)),
        ({"retryStrategy": {"limit": "many"}}, (400, 3)),
        ({"dryrun": True}, (400, 3)),
        ({"name": "other"}, (400, 3)),
        ({"revisions": ["main"]}, (400, 3)),
        ({"revisions": ["main"], "sourcePositions": [2]}, (400, 3)),
        ({"appNamespace": "elsewhere"}, (403, 7)),
        ({"project": "other"}, (404, 5)),
        ([], (400, 3)),
    ]
    for body, failure in bad:
        assert (await desk.call("POST", f"{path}/sync", json=body)).failure[:2] == failure, body
    assert "operation" not in await desk.app()


async def test_one_at_a_time_and_termination(desk: Desk) -> None:
    desk.repo.commit({"app/one.yaml": config("a"), "app/hook.yaml": HOOK})
    path = await an_app(desk, keep=True)
    no_such = await desk.call("DELETE", f"{path}/operation")
    assert no_such.failure == (400, 3, "Unable to terminate operation. No operation is in progress")
    assert (await desk.call("POST", f"{path}/sync", json={})).status == 200
    second = await desk.call("POST", f"{path}/sync", json={})
    assert second.failure == (400, 9, "another operation is already in progress")
    back = await desk.call("POST", f"{path}/rollback", json={"id": 0})
    assert back.failure == (400, 9, "another operation is already in progress")
    await desk.app_until(lambda app: at(app, "status.operationState.phase") == "Running")
    assert (await desk.call("DELETE", f"{path}/operation")).body == {}
    app = await desk.sync_ended("Failed")
    assert "terminated" in at(app, "status.operationState.message").lower()


async def test_an_operation_that_nobody_has_begun_is_taken_back(desk: Desk) -> None:
    path = await an_app(desk, spec={"destination": {"server": "https://kubernetes.default.svc"}})
    await desk.edit({"metadata": {"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}}})
    await desk.settled()
    assert (await desk.call("POST", f"{path}/sync", json={})).status == 200
    assert (await desk.call("DELETE", f"{path}/operation")).body == {}
    assert "operation" not in await desk.app()
    ended = {"phase": "Succeeded", "operation": {}, "startedAt": "2026-01-01T00:00:00Z"}
    await desk.edit({"operation": {"sync": {}}, "status": {"operationState": ended}})
    assert (await desk.call("DELETE", f"{path}/operation")).body == {}
    app = await desk.app()
    assert ("operation" not in app, at(app, "status.operationState.phase")) == (True, "Succeeded")


async def test_rollback(desk: Desk) -> None:
    path = await an_app(desk)
    for wanted in ("b", "c"):
        await desk.call("POST", f"{path}/sync", json={})
        await desk.sync_ended("Succeeded")
        desk.repo.commit({"app/one.yaml": config(wanted)})
    await desk.call("POST", f"{path}/sync", json={"revision": "main"})
    await desk.app_until(lambda app: len(at(app, "status.history") or []) == 3 and "operation" not in app)
    first = at(await desk.app(), "status.history")[0]
    answer = await desk.call("POST", f"{path}/rollback", json={"id": first["id"]})
    assert answer.status == 200, answer.body
    sync = answer.body["operation"]["sync"]
    assert (sync["revision"], sync["syncStrategy"]) == (first["revision"], {"apply": {}})
    await desk.sync_ended("Succeeded")
    assert await text(desk) == "a"
    lost = await desk.call("POST", f"{path}/rollback", json={"id": 99})
    assert lost.failure[:2] == (400, 3)
    assert "does not have deployment with id 99" in lost.failure[2]
    assert (await desk.call("POST", f"{path}/rollback", json={})).failure[:2] == (400, 3)
    assert (await desk.call("POST", f"{path}/rollback", json={"id": "x"})).failure[:2] == (400, 3)


async def test_what_auto_sync_would_undo(desk: Desk) -> None:
    path = await an_app(desk, auto_sync=True)
    await desk.synced()
    back = await desk.call("POST", f"{path}/rollback", json={"id": 0})
    assert back.failure == (400, 9, "rollback cannot be initiated when auto-sync is enabled")
    desk.repo.branch("other")
    other = await desk.call("POST", f"{path}/sync", json={"revision": "other"})
    assert other.failure == (400, 9, "Cannot sync to other: auto-sync currently set to HEAD")
    assert (await desk.call("POST", f"{path}/sync", json={"revision": "other", "dryRun": True})).status == 200


async def test_an_application_that_is_being_deleted(desk: Desk) -> None:
    path = await an_app(desk)
    await desk.edit({"metadata": {"finalizers": ["acme.example/guard"]}})
    await desk.delete("Application", desk.named(), namespace=desk.control)
    assert (await desk.call("POST", f"{path}/sync", json={})).failure == (400, 9, "application is deleting")
    await desk.edit({"metadata": {"finalizers": None}})


async def test_applications_that_are_not_there(desk: Desk) -> None:
    calls: list[tuple[str, str, Any]] = [
        ("POST", "sync", {}),
        ("POST", "rollback", {"id": 1}),
        ("DELETE", "operation", None),
    ]
    for method, what, body in calls:
        answer = await desk.call(method, f"{PATH}/lost/{what}", json=body)
        assert answer.failure == (403, 7, "permission denied")


async def test_of_many_at_once_one_sync_begins(desk: Desk) -> None:
    desk.repo.commit({"app/one.yaml": config("a"), "app/hook.yaml": HOOK})
    path = await an_app(desk, keep=True)
    await desk.session("admin")
    answers = await asyncio.gather(*(desk.call("POST", f"{path}/sync", json={}) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 7
    refused = {answer.failure for answer in answers if answer.status != 200}
    assert refused == {(400, 9, "another operation is already in progress")}
    await desk.end("before", "Succeeded")
    await desk.sync_ended("Succeeded")
