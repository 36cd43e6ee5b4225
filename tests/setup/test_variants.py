"""The other ways to set up: an OAuth app, OpenID Connect, the repository read as a GitHub App, upstream Argo CD."""

from typing import Any

import pytest

from tests.setup.interrupting import BriskClock
from tests.setup.place import Place
from tests.setup.unchanged import world_of
from trimtab.environment.objects import repository_secret_name
from trimtab.kube import write
from trimtab.model.keys import Manifest
from trimtab.render.yaml import load
from trimtab.setup.read_file import read_text

OIDC = {"type": "oidc", "issuer": "https://id.acme.example", "clientID": "trimtab"}


@pytest.fixture
def place(place: Place) -> Place:
    place.clock = BriskClock()
    return place


def by_token(place: Place, **fields: Any) -> str:
    place.token = place.github.world.personal_token("ada", "repo", "read:org")
    return place.environment(**fields)


def connector(config_map: Any) -> dict[str, Any]:
    [found] = load(config_map["dex.config"], origin="dex.config")["connectors"]
    return dict(found)


async def repository_secret(place: Place, text: str) -> dict[str, str]:
    return await place.cluster.secret(repository_secret_name(read_text(text, origin="environment.yaml").env))


async def test_an_oauth_app(place: Place) -> None:
    """The form is filled in; two values are pasted; key and hook are the token's."""
    text, terminal = by_token(place, login={"type": "oauthApp"}), place.terminal()
    world = place.github.world
    assert await place.set_up(text, terminal) == "done"
    [app] = world.apps.values()
    assert (app.name, app.url, app.callback) == ("trimtab production", place.url, f"{place.url}/api/dex/callback")
    assert terminal.planned("ask") == ["its client ID and client secret"]
    config = connector(await place.cluster.config_map("argocd-cm"))["config"]
    assert (config["clientID"], config["clientSecret"]) == (app.client_id, "$dex.github.clientSecret")
    secret = await place.cluster.secret("argocd-secret")
    [hook] = world.repositories["acme/infra"].hooks
    assert secret["dex.github.clientSecret"] == app.client_secret
    assert (hook.url, hook.secret, hook.events) == (
        f"{place.url}/api/webhook",
        secret["webhook.github.secret"],
        ("push",),
    )
    assert await place.set_up(text, place.terminal()) == "nothing"
    down = place.terminal()
    assert await place.tear_down(text, down) == "done"
    assert (world.repositories["acme/infra"].keys, world.repositories["acme/infra"].hooks) == ([], [])
    assert down.planned("warn") == ["OAuth app trimtab production stays"]


async def test_openid_connect(place: Place) -> None:
    text, terminal = by_token(place, login=OIDC, teams=[], roles=[]), place.terminal(TRIMTAB_CLIENT_SECRET="s3cret")
    assert await place.set_up(text, terminal) == "done"
    assert terminal.planned("ask") == ["the client secret of trimtab at https://id.acme.example"]
    assert (await place.cluster.secret("argocd-secret"))["oidc.clientSecret"] == "s3cret"
    config = load((await place.cluster.config_map("argocd-cm"))["oidc.config"], origin="oidc.config")
    assert (config["issuer"], config["clientSecret"]) == ("https://id.acme.example", "$oidc.clientSecret")
    assert len(place.github.world.repositories["acme/infra"].hooks) == 1
    assert await place.set_up(text, place.terminal()) == "nothing"


async def test_the_repository_is_read_as_the_github_app(place: Place) -> None:
    text, terminal = place.environment(access="githubApp"), place.terminal()
    assert await place.set_up(text, terminal) == "done"
    world = place.github.world
    [app], [installation] = world.github_apps.values(), world.installations.values()
    assert "administration" not in app.permissions
    assert world.repositories["acme/infra"].keys == []
    assert await repository_secret(place, text) == {
        "type": "git",
        "name": "infra",
        "url": f"{place.github.url}/acme/infra.git",
        "githubAppID": str(app.id),
        "githubAppInstallationID": str(installation.id),
        "githubAppPrivateKey": app.pem,
        "githubAppEnterpriseBaseUrl": place.github.api_url,
    }
    assert any("is fetched" in line.subject for line in terminal.lines)
    assert await place.set_up(text, place.terminal()) == "nothing"
    await place.tear_down(text, place.terminal())
    assert (world.github_apps, world.installations) == ({}, {})


async def an_argo_cd(place: Place) -> None:
    """What an installation of it has of what set-up meets."""
    labels = {"app.kubernetes.io/part-of": "argocd", "app.kubernetes.io/name": "argocd-server"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "server", "image": "argocd"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    part = {"labels": {"app.kubernetes.io/part-of": "argocd"}}
    await made(place, "Namespace", place.namespace)
    await made(place, "Deployment", "argocd-server", group="apps", spec=spec, metadata={"labels": labels})
    for name in ("argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm", "argocd-ssh-known-hosts-cm"):
        await made(place, "ConfigMap", name, metadata=part)
    await made(place, "Secret", "argocd-secret", metadata=part, data={"server.secretkey": "c2VjcmV0"})
    for name in ("applications", "appprojects", "applicationsets"):
        await made(place, **definition(name))


async def made(place: Place, kind: str, name: str, *, group: str = "", **body: Any) -> None:
    resource = await place.cluster.discovery.find(group, kind)
    metadata: Manifest = {"name": name, **body.pop("metadata", {})}
    if resource.namespaced:
        metadata["namespace"] = place.namespace
    manifest = {"apiVersion": resource.kind.api_version, "kind": kind, "metadata": metadata, **body}
    await write.create(place.transport, resource, manifest, field_manager="argocd-install")
    place.cluster.discovery.invalidate()


def definition(plural: str) -> dict[str, Any]:
    kind = {"applications": "Application", "appprojects": "AppProject", "applicationsets": "ApplicationSet"}[plural]
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    spec = {
        "group": "argoproj.io",
        "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
        "scope": "Namespaced",
        "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": schema}],
    }
    name = f"{plural}.argoproj.io"
    return {"kind": "CustomResourceDefinition", "name": name, "group": "apiextensions.k8s.io", "spec": spec}


async def test_upstream_argo_cd(place: Place) -> None:
    """Its own formats, none of Trimtab's workloads; and its own objects are left as they were."""
    await an_argo_cd(place)
    before = {one: await place.cluster.get(*one) for one in (("ConfigMap", "argocd-cm"), ("Secret", "argocd-secret"))}
    text, terminal = place.environment(), place.terminal()
    with pytest.raises(Exception, match="does not answer"):
        await place.set_up(text, terminal, engine="argocd", patience=0.2)
    [app] = place.github.world.github_apps.values()
    found = await place.cluster.config_map("argocd-cm")
    assert (found["url"], found["admin.enabled"]) == (place.url, "false")
    assert connector(found) == {
        "type": "github",
        "id": "github",
        "name": "GitHub",
        "config": {
            "clientID": app.client_id,
            "clientSecret": "$dex.github.clientSecret",
            "hostName": place.github.url.partition("://")[2],
            "teamNameField": "slug",
            "orgs": [{"name": "acme", "teams": ["platform"]}],
        },
    }
    assert (await place.cluster.config_map("argocd-cmd-params-cm"))["server.insecure"] == "true"
    secret = await place.cluster.secret("argocd-secret")
    assert secret["dex.github.clientSecret"] == app.client_secret
    assert secret["webhook.github.secret"] == app.hook.secret
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        there = await place.cluster.find_all(kind, group="rbac.authorization.k8s.io")
        assert [one["metadata"]["name"] for one in there if "trimtab" in one["metadata"]["name"]] == []
    assert await place.cluster.get("Deployment", "trimtab", group="apps") is None
    await place.tear_down(text, place.terminal(), engine="argocd")
    for (kind, name), manifest in before.items():
        assert manifest is not None
        after = await place.cluster.get(kind, name)
        assert after is not None
        assert after.get("data") == manifest.get("data")
        assert after["metadata"].get("annotations") is None
    assert await place.cluster.get("Deployment", "argocd-server", group="apps") is not None
    assert await place.cluster.get("Namespace", "argocd") is not None
    definitions = await place.cluster.find_all("CustomResourceDefinition", group="apiextensions.k8s.io")
    assert len(definitions) == 3
    assert world_of(place.github)["apps"] == {}
