"""An environment whose GitHub is on loopback: `/meta` as a test writes it, and a real sshd whose host key changes."""

import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from tests.engine.world import Scene
from tests.servers.authority import Authority
from tests.servers.openssh import OpenSsh
from tests.servers.scripted import Answer, Reply, Scripted
from trimtab.environment.names import ENVIRONMENT, FILE_KEY, KNOWN_HOSTS, KNOWN_HOSTS_KEY
from trimtab.model.keys import Manifest
from trimtab.model.known_hosts import HostKey

META = "GET /meta"
UI_HOST = "argocd.acme.localhost"
OTHERS = "# ours\ngitlab.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf\n"


class GitHubOnLoopback:
    """`server` answers `/meta`; `ssh` serves the scene's repository."""

    def __init__(self, scene: Scene, server: Scripted, ssh: OpenSsh, *, authority: Authority) -> None:
        self.scene = scene
        self.server = server
        self.ssh = ssh
        self.authority = authority
        self.ca = authority.pem
        self.ui_port = 443

    @property
    def host_key(self) -> HostKey:
        """What the sshd shows now."""
        public = asyncssh.read_private_key(self.ssh.folder / "hostkey").export_public_key().decode()
        return HostKey(*public.split()[:2])

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.ssh.port}"

    def lists(self, *keys: HostKey) -> None:
        """What `/meta` says from now on."""
        self.answers(Reply.json({"ssh_keys": [f"{key.type} {key.data}" for key in keys]}))

    def answers(self, *answers: Answer) -> None:
        self.server.answer(META, *answers)

    @property
    def asked(self) -> int:
        """How often `/meta` was asked."""
        return len(self.server.got(META))

    @property
    def url(self) -> str:
        """Of the repository, over SSH."""
        return self.ssh.url(Path(self.scene.repo.path))

    @property
    def file(self) -> str:
        """The environment file."""
        ca = "".join(f"    {line}\n" for line in self.ca.splitlines())
        return (
            "apiVersion: trimtab.dev/v1alpha1\nkind: Environment\nname: production\ndomain: acme.example\n"
            "organization: acme\nteams: [platform]\nrepository: infrastructure\n"
            f"ingress: {{host: {UI_HOST}, port: {self.ui_port}, class: nginx, tls: {{issuer: letsencrypt}}}}\n"
            "login: {type: oauthApp}\n"
            f"install: {{namespace: {self.scene.control}}}\n"
            f"github:\n  url: {self.server.url}\n  apiURL: {self.server.url}\n  sshHost: 127.0.0.1\n"
            f"  sshPort: {self.ssh.port}\n  ca: |\n{ca}"
        )

    async def applied(self) -> None:
        """As set-up leaves the cluster: the environment, the host keys of now, and the repository's deploy key."""
        key = self.host_key
        await self.map(ENVIRONMENT, {FILE_KEY: self.file})
        await self.map(KNOWN_HOSTS, {KNOWN_HOSTS_KEY: f"{OTHERS}[127.0.0.1]:{self.ssh.port} {key.type} {key.data}\n"})
        values = {"type": "git", "url": self.url, "sshPrivateKey": self.ssh.add_key()}
        data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
        metadata = {"name": "repo-1", "labels": {"argocd.argoproj.io/secret-type": "repository"}}
        await self._installed({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})

    async def map(self, name: str, data: dict[str, str]) -> None:
        """Write a ConfigMap of the control namespace."""
        await self._installed({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})

    async def _installed(self, manifest: Manifest) -> None:
        placed = {**manifest, "metadata": {**manifest["metadata"], "namespace": self.scene.control}}
        await self.scene.apply(placed, by="tests", force=True)

    async def known_hosts(self) -> str:
        """What is trusted now."""
        found = await self.scene.get("ConfigMap", KNOWN_HOSTS, namespace=self.scene.control)
        return "" if found is None else str(found["data"][KNOWN_HOSTS_KEY])

    async def told(self, reason: str) -> list[str]:
        """The messages of the Events about the environment."""
        events = await self.scene.list("Event", namespace=self.scene.control)
        about = [event for event in events if event["involvedObject"]["name"] == ENVIRONMENT]
        return [event["message"] for event in about if event["reason"] == reason]


@contextlib.asynccontextmanager
async def github_on_loopback(
    scene: Scene, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[GitHubOnLoopback]:
    """The GitHub of an environment that nobody has set up yet."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    authority = Authority()
    with OpenSsh(folder / "ssh") as ssh:
        async with Scripted(tls=authority.server(folder, "127.0.0.1")) as server:
            yield GitHubOnLoopback(scene, server, ssh, authority=authority)


@pytest.fixture
async def github(resting: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GitHubOnLoopback]:
    """It lists the host key that the sshd shows; the cluster is as set-up leaves it."""
    async with github_on_loopback(resting, tmp_path, monkeypatch) as github:
        github.lists(github.host_key)
        await github.applied()
        yield github
