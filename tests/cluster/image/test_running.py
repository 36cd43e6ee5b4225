"""Controller and server from the image on a real Kubernetes, with a file system that cannot be written to."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.cluster.image.container import Container, children
from tests.cluster.installation import account_file
from tests.cluster.server.replicas import ADDRESS, START_SECONDS, caller
from tests.engine.objects import config_map, deployment, files
from tests.engine.world import at, until
from tests.server.desk import Desk
from tests.servers.http_git import HttpGit
from tests.servers.openssh import OpenSsh
from trimtab import __version__
from trimtab.model.names import SECRET_TYPE_LABEL

WITHIN = 45.0
"""Seconds for the first rendering of everything: programs of 60 and 80 MB are read from the disk for the first time."""
KUSTOMIZATION = "namePrefix: kustomized-\nresources: [settings.yaml]\n"
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {key: one}\n"
CHART = "apiVersion: v2\nname: chart\nversion: 1.2.3\n"
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-chart"}
data: {chart: "{{ .Chart.Version }}"}
"""

Run = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
def run(container: Container, empty_desk: Desk) -> Run:
    """Run the image, as its ServiceAccount, until the end of the block; SIGTERM then ends it in good order."""
    shutil.copyfile(account_file(empty_desk.folder, "trimtab"), container.cache / "kubeconfig")
    flags = ("--kubeconfig=/cache/kubeconfig", "--cache=/cache", "--namespace", empty_desk.control, "--poll=1h")

    @asynccontextmanager
    async def running(command: str, *more: str) -> AsyncIterator[None]:
        await container.start(command, *flags, *more)
        try:
            yield
            assert await container.stop() == 0, container.log
        finally:
            await container.kill()
        assert "Traceback" not in container.log, container.log
        assert "defect" not in container.log, container.log

    return running


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[HttpGit]:
    async with HttpGit(tmp_path) as server:
        yield server


async def _over_ssh(desk: Desk, server: OpenSsh) -> str:
    """The URL of the desk's repository, for whose host the installation has key and host key."""
    url = server.url(desk.repo.path)
    await desk.installed("ConfigMap", "argocd-ssh-known-hosts-cm", {"ssh_known_hosts": server.known_hosts})
    secret = {"type": "git", "url": url, "sshPrivateKey": server.add_key()}
    await desk.installed("Secret", "repository", secret, **{SECRET_TYPE_LABEL: "repository"})
    return url


async def _on_course(desk: Desk, name: str) -> None:
    await desk.synced(name, within=WITHIN)
    await desk.app_until(lambda app: at(app, "status.health.status") == "Healthy", name)


async def _port(container: Container) -> int:
    """Where the server listens, when it does."""

    async def look() -> re.Match[str] | None:
        assert container.runs, container.log
        return ADDRESS.search(container.log)

    found = await until(look, bool, within=START_SECONDS)
    assert found is not None
    return int(found[1])


async def _buries_orphans(container: Container) -> None:
    """What a killed program leaves behind becomes the first process's; the dead among it have to go."""
    before = children(container.first)
    leave = ["nsenter", "--target", str(container.first), "--pid", "sh", "-c", "sh -c 'exec sleep 0.2' & exit 0"]
    assert await (await asyncio.create_subprocess_exec(*leave)).wait() == 0

    async def look() -> list[int]:
        return children(container.first)

    assert await until(look, lambda seen: seen == before) == before


async def test_the_server_keeps_every_kind_of_source_on_course(
    run: Run, container: Container, empty_desk: Desk, http: HttpGit, tmp_path: Path
) -> None:
    desk = empty_desk
    await desk.prepare()
    desk.repo.commit(
        {
            **files("plain", config_map("plain"), deployment("web")),
            "kustomized/kustomization.yaml": KUSTOMIZATION,
            "kustomized/settings.yaml": SETTINGS,
            "chart/Chart.yaml": CHART,
            "chart/templates/settings.yaml": TEMPLATE,
        }
    )
    with OpenSsh(tmp_path / "ssh") as ssh:
        await desk.create(desk.an_app("plain", path="plain", source={"repoURL": await _over_ssh(desk, ssh)}))
        for name in ("kustomized", "chart"):
            await desk.create(desk.an_app(name, path=name, source={"repoURL": http.url("repo.git")}))
        async with run("serve", "--address=127.0.0.1", "--port=0"):
            port = await _port(container)
            for name in ("plain", "kustomized", "chart"):
                await _on_course(desk, name)
            async with caller(port) as session:
                for path in ("/healthz", "/readyz", "/"):
                    async with session.get(path) as response:
                        assert response.status == 200, path
                async with session.get("/api/version") as response:
                    assert (await response.json())["Version"].endswith(f"+trimtab.{__version__}")
    assert {"plain", "kustomized-settings", f"{desk.named('chart')}-chart"} <= await desk.names("ConfigMap")
    assert at(await desk.there("ConfigMap", f"{desk.named('chart')}-chart"), "data.chart") == "1.2.3"


async def test_the_controller_follows_what_is_pushed(
    run: Run, container: Container, empty_desk: Desk, http: HttpGit
) -> None:
    desk = empty_desk
    desk.repo.commit(files("plain", config_map("settings")))
    await desk.create(desk.an_app(path="plain", source={"repoURL": http.url("repo.git")}))
    async with run("controller"):
        await _on_course(desk, "shop")
        desk.repo.commit(files("plain", config_map("settings", {"key": "two"})))
        await desk.refresh()
        await _on_course(desk, "shop")
        await _buries_orphans(container)
    assert at(await desk.there("ConfigMap", "settings"), "data.key") == "two"
