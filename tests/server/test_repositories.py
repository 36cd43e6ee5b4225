"""Repositories and their credentials: kept, tried, shown without their secrets, and looked into."""

from pathlib import Path

import pytest

from tests.engine.world import until
from tests.repos import GitRepo
from tests.server.desk import Answer, Desk, quoted
from tests.servers.app_key import app_key
from tests.servers.http_git import HttpGit
from tests.servers.scripted import Reply as ScriptedReply
from tests.servers.scripted import Scripted
from trimtab.model.repository_secret import secret_name

PATH = "/api/v1/repositories"
SECRETS = {"password": "hunter2", "sshPrivateKey": "hunter3", "bearerToken": "hunter4"}


async def test_none(desk: Desk) -> None:
    assert (await desk.call("GET", PATH)).body == {"items": None, "metadata": {}}


async def test_a_repository_is_tried_kept_and_shown(desk: Desk) -> None:
    desk.repo.commit({"app/a.yaml": "{}"})
    url = desk.repo.url
    made = await desk.call("POST", PATH, json={"repo": url, "username": "git", "password": "hunter2"})
    assert made.status == 200, made.body
    assert made.body["connectionState"]["status"] == "Successful"
    (one,) = (await desk.call("GET", PATH, who="ada")).body["items"]
    assert (one["repo"], one["username"]) == (url, "git")
    assert "hunter2" not in str((made.body, one))
    secret = await desk.get("Secret", secret_name("repository", url), namespace=desk.control)
    assert secret is not None
    assert secret["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert set(secret["data"]) == {"url", "username", "password"}
    again = await desk.call("POST", PATH, json={"repo": url, "username": "git", "password": "hunter2"})
    assert again.status == 200
    other = await desk.call("POST", PATH, json={"repo": url, "username": "other"})
    assert other.failure[:2] == (400, 3)
    changed = await desk.call("POST", PATH, json={"repo": url, "username": "other"}, upsert=True)
    assert changed.body["username"] == "other"
    gone = await desk.call("DELETE", f"{PATH}/{quoted(url)}")
    assert (gone.status, gone.body) == (200, {})
    assert (await desk.call("GET", f"{PATH}/{quoted(url)}")).failure[:2] == (404, 5)


async def test_secrets_that_are_not_given_stay(desk: Desk) -> None:
    desk.repo.commit({"app/a.yaml": "{}"})
    url = desk.repo.url
    await desk.call("POST", PATH, json={"repo": url, "username": "git", **SECRETS})
    shown = (await desk.call("GET", f"{PATH}/{quoted(url)}")).body
    answer = await desk.call("PUT", f"{PATH}/{quoted(url)}", json={**shown, "name": "shop"})
    assert answer.status == 200, answer.body
    secret = await desk.get("Secret", secret_name("repository", url), namespace=desk.control)
    assert secret is not None
    assert {*SECRETS, "name"} <= set(secret["data"])


async def test_a_repository_that_cannot_be_reached(desk: Desk) -> None:
    url = f"file://{desk.folder}/nothing.git"
    answer = await desk.call("POST", PATH, json={"repo": url, "password": "hunter2"})
    assert answer.failure[:2] == (400, 3)
    assert "hunter2" not in answer.failure[2]
    tried = await desk.call("POST", f"{PATH}/{quoted(url)}/validate", json=url)
    assert tried.failure[:2] == (400, 3)
    kept = await desk.call("POST", PATH, json={"repo": url}, credsOnly=True)
    assert kept.body["connectionState"]["status"] == "Failed"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"repo": ""}, 400),
        ({"repo": "https://a\nb"}, 400),
        ({"repo": "https://charts.example.com", "type": "helm"}, 501),
        ({"repo": "https://github.com/acme/x", "githubAppID": 1}, 400),
        ({"repo": "https://github.com/acme/x", "gcpServiceAccountKey": "{}"}, 501),
        ({"repo": 1}, 400),
        ([], 400),
    ],
)
async def test_what_is_no_repository(desk: Desk, body: object, status: int) -> None:
    assert (await desk.call("POST", PATH, json=body)).status == status
    assert (await desk.call("GET", PATH)).body["items"] is None


async def test_who_may_not(desk: Desk) -> None:
    url = desk.repo.url
    await desk.call("POST", PATH, json={"repo": url}, credsOnly=True)
    assert (await desk.call("GET", PATH, who="eve")).body["items"] is None
    hidden = await desk.call("GET", f"{PATH}/{quoted(url)}", who="eve")
    missing = await desk.call("GET", f"{PATH}/{quoted('https://nowhere.example')}", who="eve")
    assert hidden.failure == missing.failure == (403, 7, "permission denied")
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{quoted(url)}"), ("DELETE", f"{PATH}/{quoted(url)}")):
        assert (await desk.call(method, path, who="ada", json={"repo": url})).status == 403
    for what in ("refs", "apps"):
        assert (await desk.call("GET", f"{PATH}/{quoted(url)}/{what}", who="eve")).status == 403


async def test_another_projects_credentials_are_not_lent(desk: Desk) -> None:
    desk.repo.commit({"app/a.yaml": "{}"})
    url = desk.repo.url
    assert (await desk.call("POST", PATH, json={"repo": url, "project": "other"})).status == 200
    await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": "p, eve, repositories, get, mine/*, allow"})
    for what in ("refs", "apps"):
        for named in (url, "https://nowhere.example"):
            answer = await desk.call("GET", f"{PATH}/{quoted(named)}/{what}", who="eve", appProject="mine")
            assert answer.failure == (403, 7, "permission denied")
    await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": "p, eve, repositories, get, other/*, allow"})

    async def refs() -> Answer:
        return await desk.call("GET", f"{PATH}/{quoted(url)}/refs", who="eve")

    assert (await until(refs, lambda answer: answer.status == 200)).body["branches"] == ["main"]


async def test_what_is_in_it(desk: Desk) -> None:
    chart = {"chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n", "chart/values.yaml": "a: 1\n"}
    desk.repo.commit({**chart, "kust/kustomization.yaml": "resources: []\n", "plain/a.yaml": "{}"})
    desk.repo.tag("v1")
    base = f"{PATH}/{quoted(desk.repo.url)}"
    assert (await desk.call("GET", f"{base}/refs", who="ada")).body == {"branches": ["main"], "tags": ["v1"]}
    apps = (await desk.call("GET", f"{base}/apps", who="ada")).body["items"]
    assert apps == [{"type": "Helm", "path": "chart"}, {"type": "Kustomize", "path": "kust"}]

    async def details(path: str) -> Answer:
        source = {"repoURL": desk.repo.url, "path": path, "targetRevision": "HEAD"}
        return await desk.call("POST", f"{base}/appdetails", json={"source": source})

    assert (await details("chart")).body["helm"] == {"valueFiles": ["values.yaml"], "values": "a: 1\n"}
    assert (await details("plain")).body["type"] == "Directory"
    assert (await details("../../etc")).status == 400
    assert (await details("nowhere")).status == 400


async def test_credentials_by_prefix(desk: Desk) -> None:
    path, url = "/api/v1/repocreds", "https://git.example.com/acme"
    made = await desk.call("POST", path, json={"url": url, "username": "git", "password": "hunter2"})
    assert made.body == {"url": url, "username": "git"}
    assert (await desk.call("GET", path, who="ada")).body["items"] == [{"url": url, "username": "git"}]
    assert (await desk.call("GET", path, who="eve")).body["items"] is None
    other = await desk.call("POST", path, json={"url": url, "username": "other"})
    assert other.failure[:2] == (400, 3)
    put = await desk.call("PUT", f"{path}/{quoted(url)}", json={"url": url, "username": "other"})
    assert put.body["username"] == "other"
    secret = await desk.get("Secret", secret_name("repo-creds", url), namespace=desk.control)
    assert secret is not None
    assert "password" in secret["data"], "what is not given stays"
    assert (await desk.call("DELETE", f"{path}/{quoted(url)}", who="ada")).status == 403
    assert (await desk.call("DELETE", f"{path}/{quoted(url)}")).status == 200
    assert (await desk.call("DELETE", f"{path}/{quoted(url)}")).status == 404


async def test_what_is_configured_by_secret_is_seen_at_once(desk: Desk) -> None:
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    await desk.installed("Secret", "repo-mine", {"url": desk.repo.url, "depth": "x", "insecure": "true"}, **labels)

    async def listed() -> Answer:
        return await desk.call("GET", PATH)

    answer = await until(listed, lambda seen: seen.body["items"])
    assert answer.body["items"][0]["insecure"] is True


async def test_a_repository_of_a_github_app(desk: Desk, tmp_path: Path) -> None:
    GitRepo(tmp_path / "acme" / "infra.git").commit({"app/a.yaml": "{}"})
    key = app_key()
    async with Scripted() as api, HttpGit(tmp_path, login=("x-access-token", "ghs_1")) as git:
        api.answer(
            "POST /app/installations/7/access_tokens",
            ScriptedReply.json({"token": "ghs_1", "expires_at": "2099-01-01T00:00:00Z"}, 201),
        )
        url = git.url("acme/infra.git")
        app = {
            "githubAppID": 12,
            "githubAppInstallationID": 7,
            "githubAppPrivateKey": key,
            "githubAppEnterpriseBaseUrl": api.url,
        }
        made = await desk.call("POST", PATH, json={"repo": url, **app})
        assert made.status == 200, made.body
        assert made.body["connectionState"]["status"] == "Successful"
        assert "PRIVATE KEY" not in str(made.body)
        assert (await desk.call("GET", f"{PATH}/{quoted(url)}/refs")).body["branches"] == ["main"]
        wrong = {name: str(value) for name, value in app.items()} | {"githubAppInstallationID": "8"}
        tried = await desk.call("POST", f"{PATH}/{quoted(url)}/validate", json=url, **wrong)
        assert tried.failure[:2] == (400, 3)
        assert "install the App for this repository" in tried.failure[2]
        odd = await desk.call("POST", f"{PATH}/{quoted(url)}/validate", json=url, githubAppID="twelve")
        assert odd.failure == (400, 3, "githubAppID is no number")
