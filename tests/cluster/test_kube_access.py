"""Who a real API server takes us for, and what it then refuses."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tests.kube.objects import config_map
from tools.controlplane.run import ControlPlane
from trimtab.kube import read, write
from trimtab.kube.config import ClusterConfig, Impersonation, load
from trimtab.kube.credentials import Anonymous, BearerToken, TokenFile
from trimtab.kube.errors import BeingDeleted, Forbidden, Unauthorized, Untrusted
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.keys import Kind

CONFIG_MAPS = Resource(Kind("", "v1", "ConfigMap"), "configmaps", namespaced=True)
NAMESPACES = Resource(Kind("", "v1", "Namespace"), "namespaces", namespaced=False)
REVIEWS = Resource(Kind("authentication.k8s.io", "v1", "SelfSubjectReview"), "selfsubjectreviews", namespaced=False)


@pytest.fixture
def admin(control_plane: ControlPlane) -> ClusterConfig:
    return load(control_plane.kubeconfig(), None)


async def who(config: ClusterConfig) -> dict[str, Any]:
    """What the server knows of us."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    async with Transport(config) as transport:
        answer = await write.create(transport, REVIEWS, review, field_manager="test")
    user: dict[str, Any] = answer["status"]["userInfo"]
    return user


async def test_the_kubeconfigs_user(admin: ClusterConfig) -> None:
    user = await who(admin)
    assert "system:masters" in user["groups"]


async def test_impersonation(admin: ClusterConfig) -> None:
    acting = Impersonation(user="carol", groups=("dev", "ops"), extra={"why": ("drill",)})
    user = await who(msgspec.structs.replace(admin, impersonate=acting))
    assert user["username"] == "carol"
    assert {"dev", "ops"} <= set(user["groups"])
    assert user["extra"]["why"] == ["drill"]


async def test_a_plugins_token_and_a_token_file(
    control_plane: ControlPlane, admin: ClusterConfig, tmp_path: Path
) -> None:
    answer = {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1"}
    answer_text = msgspec.json.encode({**answer, "status": {"token": control_plane.token("alice")}}).decode()
    plugin = tmp_path / "login"
    plugin.write_text(f"#!/bin/sh\necho '{answer_text}'\n")
    plugin.chmod(0o700)
    document = yaml.safe_load(control_plane.kubeconfig("alice").read_text())
    document["users"][0]["user"] = {
        "exec": {"apiVersion": answer["apiVersion"], "command": "./login", "interactiveMode": "Never"}
    }
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    assert (await who(load(tmp_path / "config", None)))["username"] == "alice"
    (tmp_path / "token").write_text(control_plane.token("alice"))
    by_file = msgspec.structs.replace(admin, credentials=TokenFile(tmp_path / "token"))
    assert (await who(by_file))["username"] == "alice"


async def test_nobody_is_forbidden_and_a_wrong_token_is_unauthorized(admin: ClusterConfig) -> None:
    async with Transport(msgspec.structs.replace(admin, credentials=Anonymous())) as nobody:
        with pytest.raises(Forbidden, match=r'list v1/ConfigMap in default: .*User "system:anonymous" cannot list'):
            await read.list_observed(nobody, CONFIG_MAPS, namespace="default")
    async with Transport(msgspec.structs.replace(admin, credentials=BearerToken("wrong"))) as wrong:
        with pytest.raises(Unauthorized, match="list v1/ConfigMap in default"):
            await read.list_observed(wrong, CONFIG_MAPS, namespace="default")


async def test_another_authority_is_not_trusted(admin: ClusterConfig) -> None:
    async with Transport(msgspec.structs.replace(admin, ca=None)) as transport:
        with pytest.raises(Untrusted):
            await read.list_observed(transport, CONFIG_MAPS, namespace="default")
    named = msgspec.structs.replace(admin, server=admin.server.replace("127.0.0.1", "localhost"))
    async with Transport(msgspec.structs.replace(named, tls_server_name="kubernetes.default.svc")) as transport:
        assert await transport.request("GET", "/livez") == b"ok"


async def test_a_namespace_on_its_way_out_takes_nothing_now(admin: ClusterConfig) -> None:
    async with Transport(admin) as transport:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "leaving"}}
        await write.create(transport, NAMESPACES, body, field_manager="test")
        held = config_map("leaving", "held")
        held["metadata"]["finalizers"] = ["example.com/hold"]
        await write.create(transport, CONFIG_MAPS, held, field_manager="test")
        await write.delete(transport, NAMESPACES, "leaving")
        with pytest.raises(BeingDeleted, match="create ConfigMap leaving/late"):
            await write.create(transport, CONFIG_MAPS, config_map("leaving", "late"), field_manager="test")
        release = {"metadata": {"finalizers": None}}
        await write.patch(transport, CONFIG_MAPS, "held", release, patch_type="merge", namespace="leaving")
