"""The set-up's world: an empty cluster with an ingress, a fake GitHub with an organization, and nothing of Trimtab."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from trimtab.clock import SystemClock
from trimtab.demo.authority import Authority
from trimtab.demo.ingress import IngressController, ingress_controller
from trimtab.demo.issuer import Issuer
from trimtab.demo.nginx import find_program
from trimtab.demo.repository import Repository
from trimtab.demo.setup import content
from trimtab.demo.setup.browser import Browser
from trimtab.demo.setup.pods import Pods, in_process
from trimtab.demo.stage import Stage
from trimtab.errors import Stalled
from trimtab.fakegithub.server import FakeGitHub
from trimtab.kube.config import load
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.sandbox import Sandbox
from trimtab.settings import Settings
from trimtab.setup.cluster import Cluster
from trimtab.setup.job import Job, Options
from trimtab.setup.read_file import ReadFile, read_text
from trimtab.setup.ssh_key import new_key
from trimtab.setup.terminal import Terminal

POLL = 24 * 3600.0
"""Seconds between two looks at Git: so long that what is deployed was told of by the webhook."""

TOOLS = {"nginx": "nginx-light", "sshd": "openssh-server", "ssh": "openssh-client"}
"""Program → Debian package."""


class SetUpStage(Stage, kw_only=True):
    """`file`: the environment file, at `path`. `browser`: of who sets up. `stay`: a newcomer is there, who clicks."""

    github: FakeGitHub
    ingress: IngressController
    authority: Path
    path: Path
    file: ReadFile
    stay: bool

    def browser(self) -> Browser:
        """Of somebody who is logged in nowhere yet."""
        return Browser(self.authority.read_text())

    def job(self, terminal: Terminal) -> Job:
        """What `trimtab setup` has in its hands."""
        cluster = Cluster(self.transport, namespace=content.NAMESPACE)
        return Job(self.file, cluster=cluster, terminal=terminal, clock=SystemClock(), options=Options(patience=60.0))


@contextlib.asynccontextmanager
async def setup_stage(*, stay: bool) -> AsyncIterator[SetUpStage]:
    """Everything in a fresh folder, which is removed at the end. Raises Stalled when nginx or sshd are missing."""
    _require_tools()
    folder = Path(tempfile.mkdtemp(prefix="trimtab-demo-"))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        authority = Authority("Trimtab demo")
        (folder / "ca.pem").write_text(authority.pem)
        stack.enter_context(_trusted(folder / "ca.pem"))
        sandbox = await stack.enter_async_context(Sandbox())
        config = load(sandbox.write_kubeconfig(folder / "kubeconfig"), None)
        transport = await stack.enter_async_context(Transport(config))
        discovery = Discovery(transport)
        issuer = Issuer(content.ISSUER, authority)
        ingress = await stack.enter_async_context(
            ingress_controller(transport, discovery, folder=folder / "nginx", issuer=issuer)
        )
        github = await stack.enter_async_context(_github(authority))
        settings = Settings(namespace=content.NAMESPACE, cache=folder / "cache", poll=POLL, jitter=0.0)
        pods = Pods(transport, ingress, namespace=content.NAMESPACE, run=in_process(config, settings))
        await stack.enter_async_context(pods.running())
        file = _environment_file(folder / "environment.yaml", github, ingress)
        yield SetUpStage(
            folder=folder,
            kubeconfig=folder / "kubeconfig",
            repository=await _checkout(folder, github),
            transport=transport,
            discovery=discovery,
            url=file.env.url,
            github=github,
            ingress=ingress,
            authority=folder / "ca.pem",
            path=folder / "environment.yaml",
            file=file,
            stay=stay,
        )


def _require_tools() -> None:
    missing = [package for program, package in TOOLS.items() if not find_program(program)]
    if missing:
        raise Stalled(f"this demo needs more: apt-get install {' '.join(missing)}", reason="MissingTool")


@contextlib.asynccontextmanager
async def _github(authority: Authority) -> AsyncIterator[FakeGitHub]:
    """An organization with one team and one repository; webhooks reach names below localhost."""
    async with FakeGitHub(ssh=True) as github:
        github.deliveries.trust = authority.pem
        world = github.world
        for login in (content.OWNER, content.COLLEAGUE, content.OUTSIDER):
            world.user(login)
        world.organisation(content.ORGANIZATION, content.COLLEAGUE, owners=(content.OWNER,))
        world.team(content.ORGANIZATION, content.TEAM, content.OWNER)
        world.repository(content.FULL_NAME, files={"README.md": content.README})
        yield github


def _environment_file(path: Path, github: FakeGitHub, ingress: IngressController) -> ReadFile:
    assert github.ssh is not None
    text = content.environment(
        github=github.url, ssh_user=github.ssh.user, ssh_port=github.ssh.port, https_port=ingress.https_port
    )
    path.write_text(text)
    return read_text(text, origin=path.name)


async def _checkout(folder: Path, github: FakeGitHub) -> Repository:
    """Ana's checkout, by SSH with a key of her own."""
    assert github.ssh is not None
    key = new_key()
    github.world.ssh_key(content.OWNER, key.public)
    private, hosts = folder / "id_ed25519", folder / "known_hosts"
    private.touch(mode=0o600)
    private.write_text(key.private)
    hosts.write_text(f"{github.ssh.known_hosts}\n")
    repository = Repository(folder / content.REPOSITORY, url=github.ssh_url(content.FULL_NAME))
    await repository.clone(ssh=f"ssh -F /dev/null -i {private} -o IdentitiesOnly=yes -o UserKnownHostsFile={hosts}")
    return repository


@contextlib.contextmanager
def _trusted(authority: Path) -> Iterator[None]:
    """What this process asks by TLS may be certified by the throw-away authority."""
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(authority)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SSL_CERT_FILE"]
        else:
            os.environ["SSL_CERT_FILE"] = before
