"""Git over SSH from a real OpenSSH: the right key, a wrong one, and a host that is not who it was."""

from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from tests.engine.objects import config_map, files
from tests.engine.world import Scene, at, conditions
from tests.servers.openssh import OpenSsh
from trimtab.model.keys import Manifest
from trimtab.model.names import SECRET_TYPE_LABEL


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OpenSsh]:
    with OpenSsh(tmp_path / "ssh") as server:
        yield server


def secret(scene: Scene, url: str, key: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "repo", "namespace": scene.control, "labels": {SECRET_TYPE_LABEL: "repository"}},
        "stringData": {"type": "git", "url": url, "sshPrivateKey": key},
    }


async def a_private_app(scene: Scene, server: OpenSsh, key: str) -> None:
    """An application of the repository behind `server`, with `key`, which may be the right one or not."""
    url = server.url(scene.repo.path)
    scene.repo.commit(files("app", config_map("settings")))
    hosts = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"ssh_known_hosts": server.known_hosts}}
    await scene.create({**hosts, "metadata": {"name": "argocd-ssh-known-hosts-cm", "namespace": scene.control}})
    await scene.create(secret(scene, url, key))
    await scene.create(scene.an_app(source={"repoURL": url}))


async def test_the_right_key(scene: Scene, server: OpenSsh) -> None:
    await a_private_app(scene, server, server.add_key())
    await scene.synced()
    scene.repo.commit(files("app", config_map("settings", {"key": "two"})))
    await scene.refresh()
    await scene.synced()


async def test_a_wrong_key_that_is_corrected(scene: Scene, server: OpenSsh) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    await a_private_app(scene, server, stranger)
    app = await scene.app_until(conditions)
    message = conditions(app)["ComparisonError"]
    assert "127.0.0.1" in message
    assert "key" in message
    assert "\n" not in message
    assert "PRIVATE" not in message
    assert at(app, "status.sync.status") == "Unknown"
    right = secret(scene, server.url(scene.repo.path), server.add_key())
    await scene.patch("Secret", "repo", {"stringData": right["stringData"]}, namespace=scene.control)
    await scene.refresh()
    app = await scene.synced()
    assert conditions(app) == {}


async def test_a_swapped_host_key(scene: Scene, server: OpenSsh) -> None:
    await a_private_app(scene, server, server.add_key())
    good = await scene.synced()
    server.swap_host_key()
    scene.repo.commit(files("app", config_map("settings", {"key": "two"})))
    app = await scene.refresh()
    message = conditions(app)["ComparisonError"]
    assert "host key" in message.lower()
    assert f"last good revision {at(good, 'status.sync.revision')}" in message
    assert at(app, "status.sync.status") == "Unknown"
    assert at(app, "status.health.status") != "Progressing"
    assert (await scene.there("ConfigMap", "settings"))["data"] == {"key": "one"}
    assert at(app, "status.operationState") == at(good, "status.operationState")
