"""Single live objects read, patched and deleted through an application; Events and links about them; on the sandbox."""

import base64
import json
from typing import Any

import pytest

from tests.engine.objects import config_map, files
from tests.engine.world import until
from tests.server.desk import Desk
from tests.server.live.looking import of, only, path
from trimtab.model.keys import Manifest

SECRET_VALUE = "hunter2-hunter2"
MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"


def secret(name: str = "password") -> Manifest:
    value = base64.b64encode(SECRET_VALUE.encode()).decode()
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {"value": value}}


async def allow(desk: Desk, *lines: str) -> None:
    """Give eve these rights besides seeing the applications; return when they hold."""
    rules = "\n".join(["p, eve, applications, get, */*, allow", *lines])
    await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": rules})
    wanted = (await desk.get("ConfigMap", "argocd-rbac-cm", namespace=desk.control) or {})["metadata"][
        "resourceVersion"
    ]

    async def version() -> str:
        known = desk.running.served.configuration.object("ConfigMap", "argocd-rbac-cm") or {"metadata": {}}
        return str(known["metadata"].get("resourceVersion"))

    await until(version, lambda seen: int(seen) >= int(wanted))


async def manifest(desk: Desk, kind: str, name: str, group: str = "") -> Any:
    answer = await desk.call("GET", path(desk, "resource"), **of(desk, kind, name, group))
    assert answer.status == 200, answer.body
    return json.loads(answer.body["manifest"])


async def test_one_object(shop: Desk) -> None:
    live = await manifest(shop, "Deployment", "web", "apps")
    assert (live["kind"], live["metadata"]["name"], live["spec"]["replicas"]) == ("Deployment", "web", 1)
    (pod,) = [one for one in await shop.list("Pod")]
    assert (await manifest(shop, "Pod", pod["metadata"]["name"]))["metadata"]["uid"] == pod["metadata"]["uid"]


NO_PART: tuple[dict[str, str], ...] = (
    {"resourceName": "lone", "kind": "ConfigMap"},
    {"resourceName": "nothing", "kind": "ConfigMap"},
    {"resourceName": "settings", "kind": "Secret"},
    {"resourceName": "settings", "kind": "ConfigMap", "namespace": "default"},
    {"resourceName": "settings", "kind": "ConfigMap", "namespace": ""},
    {"resourceName": "settings", "kind": "ConfigMap", "version": "v9"},
    {"resourceName": "settings", "kind": "Nothing", "group": "example.com"},
    {"resourceName": "system:node", "kind": "ClusterRole", "group": "rbac.authorization.k8s.io", "namespace": ""},
)


async def test_what_is_no_part_of_the_application(shop: Desk) -> None:
    await shop.create(config_map("lone"))
    for query in NO_PART:
        for method in ("GET", "DELETE"):
            named = {"version": "v1", "namespace": shop.place, **query}
            status, code, message = (await shop.call(method, path(shop, "resource"), **named)).failure
            assert (status, code) == (400, 3), query
            assert "not found as part of application" in message
    assert await shop.get("ConfigMap", "lone") is not None


HOSTILE = ["", "..", "a/b", "../../secrets/x", "a" * 300, "ä", "a?b", "a%2Fb", "*", "a\n", "a,b"]


@pytest.mark.parametrize("field", ["resourceName", "kind", "group", "namespace", "version"])
async def test_names_that_cannot_be(shop: Desk, field: str) -> None:
    for name in HOSTILE if field in ("resourceName", "kind") else HOSTILE[1:]:
        named = {**of(shop, "ConfigMap", "settings"), field: name}
        for method, rest in (("GET", "resource"), ("POST", "resource/actions"), ("GET", "resource/links")):
            answer = await shop.call(method, path(shop, rest), json="restart" if method == "POST" else None, **named)
            assert answer.failure[:2] == (400, 3), name


async def test_a_secret_is_never_shown(shop: Desk) -> None:
    shop.repo.commit(files("app", secret()))
    await shop.refresh()
    await shop.synced()
    encoded = base64.b64encode(SECRET_VALUE.encode()).decode()
    seen = [
        await shop.call("GET", path(shop, "resource"), **of(shop, "Secret", "password")),
        await shop.call("GET", path(shop, "managed-resources"), kind="Secret"),
        await shop.call("GET", path(shop, "manifests")),
        await shop.call("GET", path(shop, "server-side-diff")),
        await patched(shop, {"metadata": {"labels": {"a": "b"}}}),
        await patched(shop, {"data": {"value": "!not base64!" + SECRET_VALUE}}),
        await patched(shop, [{"op": "copy", "from": "/data/value", "path": "/metadata/labels/a"}], JSON_PATCH),
        await patched(shop, [{"op": "test", "path": "/data/value", "value": encoded}], JSON_PATCH),
        await shop.call(
            "GET", path(shop, "server-side-diff"), targetManifests=json.dumps({**secret(), "data": {"value": encoded}})
        ),
    ]
    for answer in seen:
        assert SECRET_VALUE not in str(answer.body)
        assert encoded not in str(answer.body)
    assert [answer.status for answer in seen] == [200] * 5 + [400] * 4
    assert "++++++++" in seen[0].body["manifest"]


async def patched(desk: Desk, body: object, patch_type: str = MERGE, *, name: str = "password") -> Any:
    kind = "Secret" if name == "password" else "ConfigMap"
    return await desk.call("POST", path(desk, "resource"), json=body, patchType=patch_type, **of(desk, kind, name))


async def test_a_patch(shop: Desk) -> None:
    named = of(shop, "ConfigMap", "settings")
    for body in ({"data": {"key": "two"}}, json.dumps({"data": {"key": "two"}})):
        answer = await shop.call("POST", path(shop, "resource"), json=body, **named, patchType=MERGE)
        assert json.loads(answer.body["manifest"])["data"] == {"key": "two"}
    steps = [{"op": "replace", "path": "/data/key", "value": "three"}]
    answer = await shop.call("POST", path(shop, "resource"), json=steps, **named, patchType=JSON_PATCH)
    assert json.loads(answer.body["manifest"])["data"] == {"key": "three"}


BAD_PATCHES = (
    (b"{", MERGE),
    (b'"{"', MERGE),
    (b"[]", MERGE),
    (b"7", MERGE),
    (b'"7"', JSON_PATCH),
    (b"{}", JSON_PATCH),
    (b"{}", "application/x-yaml"),
    (b'[{"op": "replace", "path": "/nothing/at/all", "value": 1}]', JSON_PATCH),
    (b'{"data": {"key": 7}}', MERGE),
    (b'{"a":' * 600 + b"1" + b"}" * 600, MERGE),
    (b'{"data": {"key": "\\ud800"}}', MERGE),
    (b'{"data": {"key": 123456789012345678901234567890}}', MERGE),
)


async def test_patches_that_cannot_be(shop: Desk) -> None:
    named = of(shop, "ConfigMap", "settings")
    for body, patch_type in BAD_PATCHES:
        answer = await shop.call("POST", path(shop, "resource"), data=body, patchType=patch_type, **named)
        assert answer.failure[0] == 400, (body[:80], answer.body)
    live = await shop.get("ConfigMap", "settings")
    assert live is not None
    assert live["data"] == {"key": "one"}


async def test_each_change_has_its_right(shop: Desk) -> None:
    named = of(shop, "ConfigMap", "settings")
    await allow(shop, "p, eve, applications, update, */*, allow", "p, eve, applications, delete, */*, allow")
    refused = await shop.call("POST", path(shop, "resource"), who="eve", json={}, **named)
    wanted = f"update//ConfigMap/{shop.place}/settings, default/{shop.named()}, sub: eve"
    assert refused.failure == (403, 7, f"permission denied: applications, {wanted}")
    assert (await shop.call("DELETE", path(shop, "resource"), who="eve", **named)).status == 403
    sub = f"*//ConfigMap/{shop.place}/*"
    await allow(shop, f"p, eve, applications, {sub}, default/*, allow")
    for method, body in (("POST", {}), ("DELETE", None)):
        answer = await shop.call(method, path(shop, "resource"), who="eve", json=body, **named)
        assert answer.status == 200, answer.body
    other = await shop.call("DELETE", path(shop, "resource"), who="eve", **of(shop, "Service", "web"))
    assert other.status == 403


async def test_where_the_right_to_the_application_is_enough(shop: Desk) -> None:
    setting = {"server.rbac.disableApplicationFineGrainedRBACInheritance": "false"}
    await shop.installed("ConfigMap", "argocd-cm", {"accounts.eve": "login, apiKey", **setting})
    await allow(shop, "p, eve, applications, update, */*, allow")
    answer = await shop.call("POST", path(shop, "resource"), who="eve", json={}, **of(shop, "ConfigMap", "settings"))
    assert answer.status == 200, answer.body


async def test_an_object_deleted(shop: Desk) -> None:
    pod = await only(shop, "Pod")
    name = pod["metadata"]["name"]
    answer = await shop.call("DELETE", path(shop, "resource"), **of(shop, "Pod", name), force=True)
    assert (answer.status, answer.body) == (200, {})
    await shop.gone("Pod", name)


async def test_an_owner_deleted_and_its_objects_left(shop: Desk) -> None:
    named = of(shop, "Deployment", "web", "apps")
    assert (await shop.call("DELETE", path(shop, "resource"), **named, orphan=True)).status == 200
    await shop.gone("apps/Deployment", "web")
    replicas = await only(shop, "apps/ReplicaSet")
    assert "ownerReferences" not in replicas["metadata"]


async def test_events(shop: Desk) -> None:
    await shop.events()
    answer = await shop.call("GET", path(shop, "events"))
    assert {one["involvedObject"]["name"] for one in answer.body["items"]} == {shop.named()}
    assert answer.body["metadata"]["resourceVersion"]
    pod = await only(shop, "Pod")
    about = {"kind": "Pod", "namespace": shop.place, "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
    event: Manifest = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "restarted", "namespace": shop.place},
        "involvedObject": about,
        "reason": "Restarted",
        "message": "it was restarted",
    }
    await shop.create(event)
    query = {"resourceNamespace": shop.place, "resourceName": about["name"], "resourceUID": about["uid"]}
    answer = await shop.call("GET", path(shop, "events"), **query)
    assert "Restarted" in [one["reason"] for one in answer.body["items"]]
    others = await shop.call("GET", path(shop, "events"), **{**query, "resourceName": "nothing"})
    assert others.failure[:2] == (400, 3)
    none = await shop.call("GET", path(shop, "events"), resourceNamespace=shop.place, resourceName="settings")
    assert none.body["items"] is None


async def test_links(shop: Desk) -> None:
    assert (await shop.call("GET", path(shop, "links"))).body == {"items": []}
    named = of(shop, "ConfigMap", "settings")
    assert (await shop.call("GET", path(shop, "resource/links"), **named)).body == {"items": []}
    links = "- url: https://example.com/{{.app.metadata.name}}\n  title: mine\n"
    await shop.installed("ConfigMap", "argocd-cm", {"application.links": links, "resource.links": links})
    answer = await until(lambda: shop.call("GET", path(shop, "links")), lambda seen: seen.status != 200)
    assert answer.failure[:2] == (501, 12)
    assert (await shop.call("GET", path(shop, "resource/links"), **named)).failure[:2] == (501, 12)
