"""Projects through the API, on the sandbox: made, changed, deleted, looked at, and what cannot be."""

import copy
from typing import Any

from tests.engine.world import until
from tests.server.desk import Answer, Desk
from trimtab.model.keys import Manifest
from trimtab.model.names import IN_CLUSTER_SERVER

PATH = "/api/v1/projects"
APPS = "/api/v1/applications"


def a_project(name: str = "team", **spec: Any) -> Manifest:
    allowed = {"sourceRepos": ["*"], "destinations": [{"server": IN_CLUSTER_SERVER, "namespace": "*"}]}
    return {"metadata": {"name": name}, "spec": {**allowed, **spec}}


def a_role(name: str = "ci", **more: Any) -> Manifest:
    return {"name": name, "policies": [f"p, proj:team:{name}, applications, sync, team/*, allow"], **more}


async def made(desk: Desk, project: Manifest, **more: Any) -> Answer:
    answer = await desk.call("POST", PATH, json={"project": project, **more})
    assert answer.status == 200, answer.body
    return answer


async def test_create_get_and_list(desk: Desk) -> None:
    answer = await made(desk, a_project(description="ours"))
    assert answer.body["spec"] == a_project(description="ours")["spec"]
    assert answer.body["status"] == {}
    assert "kind" not in answer.body
    assert (await desk.call("GET", f"{PATH}/team")).body == answer.body
    listed = (await desk.call("GET", PATH)).body
    assert [one["metadata"]["name"] for one in listed["items"]] == ["default", "team"]
    only = (await desk.call("GET", PATH, name="team")).body
    assert [one["metadata"]["name"] for one in only["items"]] == ["team"]


async def test_create_what_is_there(desk: Desk) -> None:
    first = await made(desk, a_project())
    again = await made(desk, a_project())
    assert again.body == first.body
    other = a_project(description="other")
    answer = await desk.call("POST", PATH, json={"project": other})
    assert answer.failure == (400, 3, "existing project spec is different, use upsert flag to force update")
    assert (await made(desk, other, upsert=True)).body["spec"]["description"] == "other"


async def test_update(desk: Desk) -> None:
    await made(desk, a_project())
    wanted = a_project(description="other", roles=[a_role()])
    wanted["metadata"]["labels"] = {"a": "b"}
    answer = await desk.call("PUT", f"{PATH}/team", json={"project": wanted})
    assert answer.status == 200, answer.body
    assert answer.body["spec"] == wanted["spec"]
    assert answer.body["metadata"]["labels"] == {"a": "b"}
    stale = copy.deepcopy(answer.body)
    await desk.patch("AppProject", "team", {"spec": {"description": "newer"}}, namespace=desk.control)
    refused = await desk.call("PUT", f"{PATH}/team", json={"project": stale})
    assert refused.failure[:2] == (409, 10)
    for bad in ({"project": a_project("other")}, {"project": None}, {}):
        assert (await desk.call("PUT", f"{PATH}/team", json=bad)).failure[:2] == (400, 3)
    assert (await desk.call("PUT", f"{PATH}/lost", json={"project": a_project("lost")})).failure[:2] == (404, 5)


async def test_projects_that_cannot_be(desk: Desk) -> None:
    """What else cannot be: test_project_rules.py."""
    bad: list[tuple[Manifest, str]] = [
        ({"sourceRepos": ["a", "a"]}, "source repository 'a' already added"),
        ({"roles": [a_role("c i")]}, "invalid role name 'c i'"),
        ({"destinationz": []}, 'unknown field "spec.destinationz"'),
        ({"roles": [{"name": "ci", "policy": []}]}, 'unknown field "spec.roles[].policy"'),
        ({"roles": "ci"}, "roles"),
    ]
    for spec, said in bad:
        status, code, message = (await desk.call("POST", PATH, json={"project": a_project(**spec)})).failure
        assert (status, code) == (400, 3)
        assert said in message
    for name in ("", "Bad_Name", "a/b", "..", "../x", "a" * 254):
        assert (await desk.call("POST", PATH, json={"project": a_project(name)})).failure[:2] == (400, 3), name
    assert [one["metadata"]["name"] for one in await desk.list("AppProject", namespace=desk.control)] == ["default"]


async def test_get_what_is_not_there(desk: Desk) -> None:
    assert (await desk.call("GET", f"{PATH}/lost")).failure == (404, 5, 'appprojects.argoproj.io "lost" not found')
    for path in ("..%2Fx", "UPPER"):
        assert (await desk.call("GET", f"{PATH}/{path}")).failure[:2] == (400, 3)
    assert (await desk.call("GET", f"{PATH}/lost", who="eve")).failure[:2] == (403, 7)
    assert (await desk.call("GET", f"{PATH}/default", who="eve")).failure[:2] == (403, 7)
    assert (await desk.call("GET", PATH, who="eve")).body["items"] == []


async def test_delete(desk: Desk) -> None:
    await made(desk, a_project())
    desk.repo.commit({"app/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"})
    app = desk.an_app(auto_sync=False, spec={"project": "team"})
    body = {"metadata": {"name": app["metadata"]["name"]}, "spec": app["spec"]}
    assert (await desk.call("POST", APPS, json=body)).status == 200
    used = await desk.call("DELETE", f"{PATH}/team")
    assert used.failure == (400, 9, "project is referenced by 1 applications")
    assert (await desk.call("DELETE", f"{APPS}/{body['metadata']['name']}", cascade=False)).status == 200
    answer = await until(lambda: desk.call("DELETE", f"{PATH}/team"), lambda answer: answer.status == 200)
    assert answer.body == {}
    assert (await desk.call("DELETE", f"{PATH}/default")).failure[:2] == (400, 3)
    assert (await desk.call("DELETE", f"{PATH}/lost")).failure[:2] == (404, 5)


async def test_applications_do_not_lose_what_they_use(desk: Desk) -> None:
    await made(desk, a_project())
    desk.repo.commit({"app/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"})
    await desk.create(desk.an_app(auto_sync=False, spec={"project": "team"}))
    await desk.app_until(lambda app: "status" in app)
    away = a_project(sourceRepos=["https://elsewhere.example/*"])
    answer = await desk.call("PUT", f"{PATH}/team", json={"project": away})
    assert answer.failure[:2] == (400, 3)
    assert "1 applications source became invalid" in answer.failure[2]
    away = a_project(destinations=[{"server": IN_CLUSTER_SERVER, "namespace": "elsewhere"}])
    answer = await desk.call("PUT", f"{PATH}/team", json={"project": away})
    assert "1 applications destination became invalid" in answer.failure[2]


async def test_tokens(desk: Desk) -> None:
    await made(desk, a_project(roles=[a_role(), a_role("other")]))
    path = f"{PATH}/team/roles/ci/token"
    answer = await desk.call("POST", path, json={"id": "one", "expiresIn": 3600, "description": "x"})
    assert answer.status == 200, answer.body
    token = answer.body["token"]
    bearer = {"authorization": f"Bearer {token}"}
    seen = await desk.call("GET", "/api/v1/session/userinfo", who="", headers=bearer)
    assert seen.body["loggedIn"] is True
    project = (await desk.call("GET", f"{PATH}/team")).body
    role = project["spec"]["roles"][0]
    assert [one["id"] for one in role["jwtTokens"]] == ["one"]

    bare = a_project(roles=[a_role(description="changed"), a_role("other")])
    await desk.call("PUT", f"{PATH}/team", json={"project": bare})
    assert (await desk.call("GET", "/api/v1/session/userinfo", who="", headers=bearer)).body["loggedIn"] is True

    iat = role["jwtTokens"][0]["iat"]
    assert (await desk.call("DELETE", f"{path}/{iat}", id="one")).body == {}
    gone = await desk.call("GET", "/api/v1/projects/team", who="", headers=bearer)
    assert gone.status == 401
    stale = {**project, "metadata": {"name": "team"}}
    answer = await desk.call("PUT", f"{PATH}/team", json={"project": stale})
    assert answer.status == 200
    assert not any(role.get("jwtTokens") for role in answer.body["spec"]["roles"]), (
        "an old copy does not bring a revoked token back"
    )
    assert (await desk.call("GET", "/api/v1/projects/team", who="", headers=bearer)).status == 401


async def test_a_new_role_begins_without_the_tokens_of_an_old_one(desk: Desk) -> None:
    await made(desk, a_project(roles=[a_role()]))
    answer = await desk.call("POST", f"{PATH}/team/roles/ci/token", json={})
    bearer = {"authorization": f"Bearer {answer.body['token']}"}
    for roles in ([], [a_role()]):
        assert (await desk.call("PUT", f"{PATH}/team", json={"project": a_project(roles=roles)})).status == 200
    assert (await desk.call("GET", f"{PATH}/team", who="", headers=bearer)).status == 401


async def test_tokens_that_cannot_be(desk: Desk) -> None:
    await made(desk, a_project(roles=[a_role()]))
    bad: list[tuple[str, Manifest, tuple[int, int]]] = [
        ("team/roles/lost", {}, (404, 5)),
        ("lost/roles/ci", {}, (404, 5)),
        ("team/roles/ci", {"role": "other"}, (400, 3)),
        ("team/roles/ci", {"expiresIn": -1}, (400, 3)),
        ("team/roles/ci", {"expiresIn": "soon"}, (400, 3)),
        ("team/roles/ci", {"expiresIn": 10**30}, (400, 3)),
        ("team/roles/ci", {"id": "a\nb"}, (400, 3)),
        ("..%2F..%2Fx/roles/ci", {}, (400, 3)),
    ]
    for path, body, failure in bad:
        assert (await desk.call("POST", f"{PATH}/{path}/token", json=body)).failure[:2] == failure, path
    assert (await desk.call("DELETE", f"{PATH}/team/roles/ci/token/soon")).failure[:2] == (400, 3)


async def test_who_may_hand_out_tokens(desk: Desk) -> None:
    await made(desk, a_project(roles=[a_role()]))
    for who in ("ada", "eve"):
        assert (await desk.call("POST", f"{PATH}/team/roles/ci/token", who=who, json={})).failure[:2] == (403, 7)
        assert (await desk.call("DELETE", f"{PATH}/team/roles/ci/token/1", who=who)).failure[:2] == (403, 7)


async def test_who_may_write(desk: Desk) -> None:
    await made(desk, a_project())
    for who in ("ada", "eve"):
        calls = [
            await desk.call("POST", PATH, who=who, json={"project": a_project("new")}),
            await desk.call("PUT", f"{PATH}/team", who=who, json={"project": a_project()}),
            await desk.call("DELETE", f"{PATH}/team", who=who),
        ]
        assert {answer.failure[:2] for answer in calls} == {(403, 7)}


async def test_a_project_grows_only_by_masters_of_what_it_grows_by(empty_desk: Desk) -> None:
    desk = empty_desk
    await desk.prepare(policy="p, ada, projects, *, *, allow\n")
    await desk.start()
    await made(desk, a_project(sourceRepos=["https://ours.example/*"]))
    theirs = a_project(sourceRepos=["https://ours.example/*", "https://theirs.example/*"])
    answer = await desk.call("PUT", f"{PATH}/team", who="ada", json={"project": theirs})
    assert answer.failure[:2] == (403, 7)
    assert "repositories, update, https://theirs.example/*" in answer.failure[2]
    kinds = a_project(sourceRepos=["https://ours.example/*"], clusterResourceWhitelist=[{"group": "*", "kind": "*"}])
    answer = await desk.call("PUT", f"{PATH}/team", who="ada", json={"project": kinds})
    assert "clusters, update" in answer.failure[2]
    renamed = a_project(sourceRepos=["https://ours.example/*"], description="ours")
    assert (await desk.call("PUT", f"{PATH}/team", who="ada", json={"project": renamed})).status == 200


WINDOWS = [
    {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["shop-*"]},
    {"kind": "allow", "schedule": "0 0 1 1 *", "duration": "1m", "applications": ["other"]},
]


async def test_windows(desk: Desk) -> None:
    await made(desk, a_project(syncWindows=WINDOWS))
    assert (await desk.call("GET", f"{PATH}/team/syncwindows")).body == {"windows": WINDOWS[:1]}
    desk.repo.commit({"app/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"})
    await desk.create(desk.an_app(auto_sync=False, spec={"project": "team"}))
    path = f"{APPS}/{desk.named()}"
    one = {"kind": "deny", "schedule": "* * * * *", "duration": "1h"}
    seen = await desk.call("GET", f"{path}/syncwindows")
    assert seen.body == {"activeWindows": [one], "assignedWindows": [one], "canSync": False}
    for what, body in (("sync", {}), ("rollback", {"id": 0})):
        status, code, message = (await desk.call("POST", f"{path}/{what}", json=body)).failure
        assert (status, code) == (403, 7)
        assert message.startswith("cannot sync: blocked by sync window")
    assert "operation" not in await desk.app()


async def test_detailed_and_the_like(desk: Desk) -> None:
    await made(desk, a_project())
    await desk.installed(
        "Secret", "repo", {"url": "https://x.example/r.git", "project": "team", "password": "hunter2"},
        **{"argocd.argoproj.io/secret-type": "repository"},
    )  # fmt: skip
    settings = {"data": {"globalProjects": "- projectName: default\n  labelSelector: {}\n"}}
    await desk.patch("ConfigMap", "argocd-cm", settings, namespace=desk.control)
    path = f"{PATH}/team/detailed"
    answer = await until(lambda: desk.call("GET", path), lambda seen: seen.body["globalProjects"])
    seen = answer.body
    assert seen["project"]["metadata"]["name"] == "team"
    assert [one["metadata"]["name"] for one in seen["globalProjects"]] == ["default"]
    assert seen["repositories"] == [{"repo": "https://x.example/r.git", "project": "team"}]
    assert seen["clusters"] == []
    assert [
        one["metadata"]["name"] for one in (await desk.call("GET", f"{PATH}/team/globalprojects")).body["items"]
    ] == ["default"]
    assert (await desk.call("GET", f"{PATH}/team/links")).body == {"items": []}
    uid = seen["project"]["metadata"]["uid"]
    about = {"kind": "AppProject", "name": "team", "namespace": desk.control, "uid": uid}
    for number, involved in enumerate((about, {**about, "uid": "another"})):
        metadata = {"name": f"event-{number}", "namespace": desk.control}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": metadata,
            "involvedObject": involved,
            "reason": "Seen",
        }
        await desk.create(event)
    events = (await desk.call("GET", f"{PATH}/team/events")).body["items"]
    assert [event["metadata"]["name"] for event in events] == ["event-0"]
    for what in ("detailed", "globalprojects", "syncwindows", "links", "events"):
        assert (await desk.call("GET", f"{PATH}/team/{what}", who="eve")).failure[:2] == (403, 7)
        assert (await desk.call("GET", f"{PATH}/lost/{what}")).failure[:2] == (404, 5)


async def test_applications_stay_within_what_their_project_permits(desk: Desk) -> None:
    desk.repo.commit({"app/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"})
    permitted = {"server": IN_CLUSTER_SERVER, "namespace": desk.place}
    await made(desk, a_project(sourceRepos=[desk.repo.url], destinations=[permitted]))
    app = desk.an_app(auto_sync=False, spec={"project": "team"})
    body = {"metadata": {"name": app["metadata"]["name"]}, "spec": app["spec"]}
    elsewhere = {**body["spec"], "destination": {"server": IN_CLUSTER_SERVER, "namespace": "elsewhere"}}
    refused = await desk.call("POST", APPS, json={**body, "spec": elsewhere})
    assert refused.failure[:2] == (400, 3)
    assert "is not permitted in project team" in refused.failure[2]
    other = {**body["spec"], "source": {"repoURL": "https://other.example/r.git", "path": "app"}}
    refused = await desk.call("POST", APPS, json={**body, "spec": other}, validate=False)
    assert "source https://other.example/r.git is not permitted" in refused.failure[2]
    assert (await desk.call("POST", APPS, json=body)).status == 200
    path = f"{APPS}/{body['metadata']['name']}"
    for method, where, sent in (
        ("PUT", path, {**body, "spec": elsewhere}),
        ("PUT", f"{path}/spec", elsewhere),
        ("PATCH", path, {"patchType": "merge", "patch": '{"spec": {"destination": {"namespace": "elsewhere"}}}'}),
    ):
        assert (await desk.call(method, where, json=sent)).failure[:2] == (400, 3)
    assert (await desk.app())["spec"]["destination"] == permitted


RIGHTS = """
p, ada, applications, *, team/*, allow
p, eve, applications, *, other/*, allow
p, eve, applications, get, team/*, allow
"""


async def test_rights_on_applications(empty_desk: Desk) -> None:
    desk = empty_desk
    await desk.prepare(policy=RIGHTS)
    await desk.start()
    desk.repo.commit({"app/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"})
    for project in ("team", "other"):
        await made(desk, a_project(project))
    app = desk.an_app(auto_sync=False, spec={"project": "team"})
    name = app["metadata"]["name"]
    body = {"metadata": {"name": name}, "spec": app["spec"]}
    path = f"{APPS}/{name}"
    moved = {**body, "spec": {**body["spec"], "project": "other"}}
    patch = {"patchType": "merge", "patch": '{"spec": {"project": "other"}}'}

    assert (await desk.call("POST", APPS, who="eve", json=body)).failure[:2] == (403, 7)
    assert (await desk.call("POST", APPS, who="ada", json=moved)).failure[:2] == (403, 7)
    assert (await desk.call("POST", APPS, who="ada", json=body)).status == 200

    # Taking an application over by creating it anew in another project.
    taken = await desk.call("POST", APPS, who="eve", json=moved, upsert=True)
    assert taken.failure == (403, 7, "permission denied")
    calls: list[tuple[str, str, Any]] = [
        ("PUT", path, moved),
        ("PUT", f"{path}/spec", moved["spec"]),
        ("PATCH", path, patch),
        ("DELETE", path, None),
        ("POST", f"{path}/sync", {}),
        ("POST", f"{path}/rollback", {"id": 0}),
        ("DELETE", f"{path}/operation", None),
    ]
    for method, where, sent in calls:
        assert (await desk.call(method, where, who="eve", json=sent)).failure[:2] == (403, 7), where
    # Moving it out of one's own project into one where one may do nothing.
    for method, where, sent in calls[:3]:
        answer = await desk.call(method, where, who="ada", json=sent)
        assert answer.failure[:2] == (403, 7), where
        assert f"applications, create, other/{name}" in answer.failure[2]
    assert (await desk.app())["spec"]["project"] == "team"
    assert (await desk.call("PUT", path, json=moved)).body["spec"]["project"] == "other"
    for method, where, sent in calls:
        answer = await desk.call(method, where, who="ada", json=sent)
        assert answer.failure == (403, 7, "permission denied"), "it is none of ada's any more, and not told of"


async def test_override_and_rollback_are_rights_of_their_own(empty_desk: Desk) -> None:
    desk = empty_desk
    flags = {
        "application.sync.requireOverridePrivilegeForRevisionSync": "true",
        "server.rbac.rollback.enforce.enable": "true",
    }
    await desk.prepare(
        cm=flags, policy="p, ada, applications, get, */*, allow\np, ada, applications, sync, */*, allow\n"
    )
    await desk.start()
    desk.repo.commit({"app/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"})
    await desk.create(desk.an_app(auto_sync=False))
    path = f"{APPS}/{desk.named()}"
    for body in ({"revision": "main"}, {"manifests": ["{}"]}):
        answer = await desk.call("POST", f"{path}/sync", who="ada", json=body)
        assert "applications, override" in answer.failure[2]
    assert "applications, rollback" in (await desk.call("POST", f"{path}/rollback", who="ada", json={})).failure[2]
    assert (await desk.call("POST", f"{path}/sync", who="ada", json={"revision": "HEAD"})).status == 200
