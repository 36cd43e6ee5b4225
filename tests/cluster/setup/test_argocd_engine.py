"""`--engine argocd`: the same environment for upstream Argo CD, in the objects that it reads."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.cluster.setup.command_line import Command
from tests.cluster.setup.conftest import Person
from tests.cluster.setup.test_end_to_end import clicked_through
from tests.setup.place import Place
from tools.controlplane.run import ControlPlane
from trimtab.loopback import serving_on_loopback
from trimtab.model.crds import crds
from trimtab.model.keys import Manifest
from trimtab.render.yaml import load

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore::ResourceWarning")]
OWN = {"cluster.name": "tests", "timeout.reconciliation": "60s"}


def argo_cd(namespace: str) -> list[Manifest]:
    """As much of an installed Argo CD as set-up sees: kinds, server, Service, a ConfigMap with keys of its own."""
    labels = {"app.kubernetes.io/name": "argocd-server", "app.kubernetes.io/part-of": "argocd"}
    place: dict[str, Any] = {"name": "argocd-server", "namespace": namespace, "labels": labels}
    selector = {"app.kubernetes.io/name": "argocd-server"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "server", "image": "argocd"}]}}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        *crds(),
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": place,
            "spec": {"selector": {"matchLabels": selector}, "template": pod},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": place,
            "spec": {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {**place, "name": "argocd-cm"},
            "data": OWN,
        },
    ]


@contextlib.asynccontextmanager
async def a_version() -> AsyncIterator[str]:
    """Nothing runs Argo CD's pods here: somebody who tells its version, at an address."""

    async def version(_request: web.Request) -> web.Response:
        return web.json_response({"Version": "v3.5.1"})

    app = web.Application()
    app.router.add_get("/api/version", version)
    async with serving_on_loopback(app) as port:
        yield f"127.0.0.1:{port}"


async def test_argo_cd_is_configured_and_left_as_it_was(
    place: Place, empty_cluster: ControlPlane, browser: Person, tmp_path: Path
) -> None:
    applied = empty_cluster.kubectl(
        *("apply", "--server-side", "-f", "-"),
        stdin="\n---\n".join(json.dumps(one) for one in argo_cd(place.namespace)),
    )
    assert applied.returncode == 0, applied.stderr
    file = tmp_path / "environment.yaml"
    file.write_text(place.environment(install={"namespace": place.namespace}))
    refused = Command("setup", "-f", str(file), "--dry-run", kubeconfig=empty_cluster.kubeconfig())
    assert await refused.run() == 2
    assert "Argo CD runs in this cluster" in " ".join(refused.output.split())
    async with a_version() as address:
        place.ingress.route({(place.namespace, "argocd-server", "http"): address})
        said = await clicked_through(
            browser, ("setup", "-f", str(file), "--engine", "argocd", "--yes", "--no-browser"), empty_cluster
        )
    assert "Restart argocd-server" in said
    await what_argo_cd_reads(place)
    assert [one["metadata"]["name"] for one in await place.cluster.find_all("Deployment", group="apps")] == [
        "argocd-server"
    ]
    plan = Command("teardown", "--dry-run", kubeconfig=empty_cluster.kubeconfig())
    assert await plan.run() == 1, plan.output
    assert "Deployment" not in plan.output
    assert "~ ConfigMap argocd-cm, argocd-cmd-params-cm, argocd-rbac-cm," in plan.output
    assert "~ Secret argocd-secret (only our keys go)" in plan.output


async def what_argo_cd_reads(place: Place) -> None:
    """The formats of Argo CD's own documentation: connector, roles, repository, parameters, app-of-apps."""
    config = await place.cluster.config_map("argocd-cm")
    assert config.items() >= OWN.items()
    assert config["url"] == place.url
    [connector] = load(config["dex.config"], origin="dex.config")["connectors"]
    assert (connector["type"], connector["config"]["orgs"]) == ("github", [{"name": "acme", "teams": ["platform"]}])
    assert connector["config"]["clientSecret"] == "$dex.github.clientSecret"
    secret = await place.cluster.secret("argocd-secret")
    assert {"dex.github.clientSecret", "webhook.github.secret"} <= secret.keys()
    assert (await place.cluster.config_map("argocd-cmd-params-cm"))["server.insecure"] == "true"
    rules = (await place.cluster.config_map("argocd-rbac-cm"))["policy.trimtab.csv"]
    assert rules == "g, acme:platform, role:admin\n"
    [repository] = await place.cluster.find_all("Secret", selector="argocd.argoproj.io/secret-type=repository")
    found = await place.cluster.secret(repository["metadata"]["name"])
    assert (found["type"], found["url"]) == ("git", place.repository_url)
    assert found["sshPrivateKey"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    roots = await place.cluster.find_all("Application", group="argoproj.io")
    prunes = {one["metadata"]["name"]: one["spec"]["syncPolicy"]["automated"]["prune"] for one in roots}
    assert prunes == {"production-applications": True, "production-namespaces": False}
