"""The demo's ingress on a real API server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.demo.front import ISSUER, Front, front
from tests.engine.world import until
from tools.controlplane.run import ControlPlane
from trimtab.kube.config import load
from trimtab.model.keys import Manifest

HOST = "argocd.demo.localhost"
NETWORKING = "networking.k8s.io"
ASKING = {"cert-manager.io/cluster-issuer": ISSUER}


@pytest.fixture
async def ingress(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with front(load(control_plane.kubeconfig(), None), namespace, tmp_path) as made:
        yield made
        await made.delete("IngressClass", made.class_name, group=NETWORKING)


async def test_an_ingress_is_served_its_address_published_and_its_deletion_followed(ingress: Front) -> None:
    await ingress.ingress("theirs", "theirs.localhost", class_name="haproxy")
    await ingress.ingress("web", HOST, secret="web-tls", annotations=ASKING)

    async def published(name: str) -> list[Manifest]:
        found = await ingress.look("Ingress", name, group=NETWORKING) or {}
        addresses: list[Manifest] = found["status"]["loadBalancer"].get("ingress") or []
        return addresses

    assert (await until(lambda: published("web"), bool))[0]["ip"] == "127.0.0.1"
    assert await published("theirs") == []
    await ingress.answers(f"https://{HOST}/")
    await ingress.delete("Ingress", "web", group=NETWORKING)
    await ingress.answers(f"http://{HOST}/", 404)
