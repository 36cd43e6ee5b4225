"""The ways in which known clients of Argo CD's REST API call it, request by request, as they write them.

Backstage's two plugins, the MCP server, Python programs with a bearer token or a cookie, and CI jobs with a token of a
project's role.
"""

import json
from typing import Any

import aiohttp

from tests.engine.objects import config_map
from tests.engine.world import at
from tests.server.desk import PASSWORD, Desk


async def _app(desk: Desk, **labels: str) -> str:
    desk.repo.commit({"app/settings.yaml": json.dumps(config_map("settings"))})
    app = desk.an_app(auto_sync=False)
    app["metadata"]["labels"] = labels
    await desk.create(app)
    await desk.app_until(lambda seen: at(seen, "status.sync.status") == "OutOfSync")
    return desk.named()


async def _token(client: aiohttp.ClientSession) -> str:
    async with client.post("/api/v1/session", json={"username": "admin", "password": PASSWORD}) as response:
        assert response.status == 200
        token: str = (await response.json())["token"]
        return token


async def _json(response: aiohttp.ClientResponse, status: int = 200) -> Any:
    assert response.status == status, await response.text()
    return await response.json()


async def test_a_developer_portal(desk: Desk) -> None:
    """Backstage: a session, lists by selector, a commit's data, a sync, terminating, projects."""
    name = await _app(desk, team="shop")
    async with desk.anybody() as client:
        bearer = {"authorization": f"Bearer {await _token(client)}"}
        async with client.get("/api/v1/applications?selector=team%3Dshop", headers=bearer) as response:
            (item,) = (await _json(response))["items"]
        assert (item["metadata"]["name"], item["status"]["sync"]["status"]) == (name, "OutOfSync")
        async with client.get("/api/v1/applications?selector=team%3Dother", headers=bearer) as response:
            assert (await _json(response))["items"] is None
        sha = item["status"]["sync"]["revision"]
        url = f"/api/v1/applications/{name}/revisions/{sha}/metadata"
        async with client.get(url, headers=bearer) as response:
            assert {"author", "date", "message"} <= set(await _json(response))
        body = {"prune": False, "dryRun": False, "strategy": {"hook": {"force": False}}, "resources": None}
        async with client.post(f"/api/v1/applications/{name}/sync", json=body, headers=bearer) as response:
            assert (await _json(response))["metadata"]["name"] == name
        await desk.sync_ended("Succeeded")
        async with client.delete(f"/api/v1/applications/{name}/operation", headers=bearer) as response:
            assert (await _json(response, 400))["code"] == 3
        project = {"metadata": {"name": "portal"}, "spec": {"destinations": [{"server": "*", "namespace": "*"}]}}
        async with client.post("/api/v1/projects", json={"project": project}, headers=bearer) as response:
            assert (await _json(response))["metadata"]["name"] == "portal"
        other = {**project, "spec": {"destinations": []}}
        async with client.post("/api/v1/projects", json={"project": other}, headers=bearer) as response:
            assert "existing project spec is different" in (await _json(response, 400))["message"]
        async with client.delete(f"/api/v1/applications/{name}?cascade=true", headers=bearer) as response:
            assert await _json(response) == {}
    await desk.gone("ConfigMap", "settings")


async def test_an_assistant(desk: Desk) -> None:
    """mcp-for-argocd: syncOptions as a plain list, an unknown parameter, the tree, a resource, logs' siblings."""
    name = await _app(desk)
    async with desk.anybody() as client:
        client.headers["authorization"] = f"Bearer {await _token(client)}"
        async with client.get("/api/v1/applications?search=shop") as response:
            assert len((await _json(response))["items"]) == 1
        body = {"dryRun": False, "prune": True, "revision": "HEAD", "syncOptions": ["CreateNamespace=true"]}
        async with client.post(f"/api/v1/applications/{name}/sync", json=body) as response:
            await _json(response)
        await desk.sync_ended("Succeeded")
        async with client.get(f"/api/v1/applications/{name}/resource-tree") as response:
            (node,) = (await _json(response))["nodes"]
        assert (node["kind"], node["name"]) == ("ConfigMap", "settings")
        where = {"namespace": node["namespace"], "resourceName": "settings", "version": "v1", "kind": "ConfigMap"}
        async with client.get(f"/api/v1/applications/{name}/resource", params=where) as response:
            assert json.loads((await _json(response))["manifest"])["data"] == {"key": "one"}
        async with client.get(f"/api/v1/applications/{name}/managed-resources") as response:
            assert len((await _json(response))["items"]) == 1
        async with client.get(f"/api/v1/applications/{name}/events") as response:
            assert "items" in await _json(response)
        async with client.get("/api/v1/clusters") as response:
            assert (await _json(response))["items"][0]["name"] == "in-cluster"


async def test_a_program_with_a_cookie(desk: Desk) -> None:
    """The session's cookie alone, as browsers and `requests.Session` send it; it goes with the session."""
    name = await _app(desk)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(desk.running.url, cookie_jar=jar) as client:
        await _token(client)
        async with client.get(f"/api/v1/applications/{name}?refresh=normal") as response:
            assert (await _json(response))["metadata"]["name"] == name
        json_type = {"content-type": "application/json"}
        async with client.post(f"/api/v1/applications/{name}/sync", data=b"{}", headers=json_type) as response:
            await _json(response)
        await desk.sync_ended("Succeeded")
        async with client.delete("/api/v1/session", headers=json_type) as response:
            assert response.status == 200
        async with client.get("/api/v1/applications") as response:
            assert (await _json(response, 401))["code"] == 16


async def test_a_pipeline_with_a_token_of_a_project_s_role(desk: Desk) -> None:
    """Sync one application and wait for it, and nothing else."""
    name = await _app(desk)
    role = {
        "name": "ci",
        "policies": [f"p, proj:default:ci, applications, {act}, default/{name}, allow" for act in ("get", "sync")],
    }
    project = (await desk.call("GET", "/api/v1/projects/default")).body
    project["spec"]["roles"] = [role]
    assert (await desk.call("PUT", "/api/v1/projects/default", json={"project": project})).status == 200
    made = await desk.call("POST", "/api/v1/projects/default/roles/ci/token", json={"expiresIn": 600})
    async with desk.anybody(authorization=f"Bearer {made.body['token']}") as client:
        async with client.post(f"/api/v1/applications/{name}/sync", json={}) as response:
            await _json(response)
        await desk.sync_ended("Succeeded")
        async with client.get(f"/api/v1/applications/{name}") as response:
            assert at(await _json(response), "status.operationState.phase") == "Succeeded"
        async with client.delete(f"/api/v1/applications/{name}") as response:
            assert response.status == 403
        async with client.get("/api/v1/repositories") as response:
            assert (await _json(response))["items"] is None


async def test_somebody_who_watches(desk: Desk) -> None:
    """A stream of lines, as `curl -N` and Go's clients read it."""
    name = await _app(desk)
    async with desk.anybody() as client:
        bearer = {"authorization": f"Bearer {await _token(client)}"}
        async with client.get(f"/api/v1/stream/applications?name={name}", headers=bearer) as response:
            first = json.loads(await response.content.readline())["result"]
            assert (first["type"], first["application"]["metadata"]["name"]) == ("ADDED", name)
            await desk.edit({"metadata": {"labels": {"seen": "yes"}}})
            while True:
                event = json.loads(await response.content.readline())["result"]
                if (event["application"]["metadata"].get("labels") or {}).get("seen") == "yes":
                    assert event["type"] == "MODIFIED"
                    break
