"""What a set-up meets, on loopback: a cluster, GitHub with SSH and Git, an ingress, and the pods of the Deployment."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.engine.world import until
from tests.servers.github_contract import GitHubContract
from tests.setup.clicks import Visitor, browser
from tests.setup.terminal import Scripted
from trimtab.clock import Clock, SystemClock
from trimtab.demo.authority import Authority
from trimtab.demo.ingress import IngressController, ingress_controller
from trimtab.demo.issuer import Issuer
from trimtab.demo.setup.pods import Pods, Run
from trimtab.fakegithub.server import FakeGitHub
from trimtab.kube.config import ClusterConfig
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.render.yaml import dump
from trimtab.setup.cluster import Cluster
from trimtab.setup.job import Job, Options
from trimtab.setup.read_file import read_text
from trimtab.setup.setup import Outcome, rotate, set_up, tear_down

ISSUER = "throw-away"


class Place:
    """One cluster and one GitHub. `owner` is an owner of the organization acme, in the team platform."""

    def __init__(self, config: ClusterConfig, transport: Transport, github: FakeGitHub, folder: Path) -> None:
        self.config = config
        self.transport = transport
        self.github = github
        self.folder = folder
        self.authority = Authority()
        self.namespace = "argocd"
        self.owner = "ada"
        self.token = ""
        self.pasted: dict[str, str] = {}
        """What the person at the browser has copied from there for the terminal."""
        self.clock: Clock = SystemClock()
        self.ingress: IngressController
        self.visitor: Visitor

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.transport, namespace=self.namespace)

    @property
    def url(self) -> str:
        """Of the UI."""
        return f"https://argocd.acme.localhost:{self.ingress.https_port}"

    @property
    def repository_url(self) -> str:
        """As Applications name the repository."""
        return self.github.ssh_url("acme/infra")

    def environment(self, **fields: Any) -> str:
        """The text of an environment file."""
        settings = {
            "url": self.github.url,
            "apiURL": self.github.api_url,
            "sshHost": "127.0.0.1",
            "sshPort": self.github.ssh.port if self.github.ssh else 22,
            "sshUser": self.github.ssh.user if self.github.ssh else "git",
        }
        value = {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "Environment",
            "name": "production",
            "domain": "acme.localhost",
            "organization": "acme",
            "teams": ["platform"],
            "repository": "infra",
            "roles": [{"role": "admin", "teams": ["platform"]}],
            "ingress": {"class": "nginx", "port": self.ingress.https_port, "tls": {"issuer": ISSUER}},
            "install": {"image": "trimtab:test", "namespace": self.namespace, "replicas": 1},
            "github": settings,
            **fields,
        }
        return dump({key: one for key, one in value.items() if one is not None})

    async def job(self, text: str, terminal: Scripted, **options: Any) -> Job:
        read = read_text(text, origin="environment.yaml")
        chosen = Options(**{"token": self.token, "patience": 30.0, "click_patience": 30.0, **options})
        return Job(read, cluster=self.cluster, terminal=terminal, clock=self.clock, options=chosen)

    async def set_up(self, text: str, terminal: Scripted, *, dry_run: bool = False, **options: Any) -> Outcome:
        async with await self.job(text, terminal, **options) as job:
            outcome = await set_up(job, dry_run=dry_run)
        await self.ingress.settled()
        return outcome

    async def tear_down(self, text: str, terminal: Scripted, *, dry_run: bool = False, **options: Any) -> Outcome:
        async with await self.job(text, terminal, **options) as job:
            return await tear_down(job, dry_run=dry_run)

    async def rotate(self, text: str, what: str, terminal: Scripted, **options: Any) -> Outcome:
        async with await self.job(text, terminal, **options) as job:
            return await rotate(job, what)

    def terminal(self, **answers: str) -> Scripted:
        """Somebody who agrees, and clicks what there is to click."""
        self.pasted.update(answers)
        return Scripted(self.visit, self.pasted)

    async def visit(self, url: str) -> None:
        if "/settings/applications/new" in url:
            page = await self.visitor.walk(url, until="id=client-secret")
            for name in ("client-id", "client-secret"):
                value = page.partition(f"id={name}>")[2].partition("<")[0]
                self.pasted[f"TRIMTAB_{name.upper().replace('-', '_')}"] = value
            return
        with contextlib.suppress(aiohttp.ClientConnectionError):  # the page has gone before the last redirect
            await self._click(url)

    async def _click(self, url: str) -> None:
        names = [app.name for slug, app in self.github.world.github_apps.items() if f"/{slug}/" in url]
        await self.visitor.walk(url, verify=names[0] if names else "")

    async def objects(self) -> dict[tuple[str, str], str]:
        """The version of every object of the control namespace that is not renewed by itself."""
        found = await self.cluster.everything()
        passing = ("Lease", "Event", "Application")
        versions = {(one["kind"], one["metadata"]["name"]): one["metadata"]["resourceVersion"] for one in found}
        return {name: version for name, version in versions.items() if name[0] not in passing}

    async def vanished(self, kind: str, name: str) -> None:
        """Return when it is gone."""
        await until(lambda: self.cluster.get(kind, name), lambda found: found is None)


@contextlib.asynccontextmanager
async def a_place(
    config: ClusterConfig, folder: Path, monkeypatch: pytest.MonkeyPatch, run: Run, *, beside: Place | None = None
) -> AsyncIterator[Place]:
    """`run`: what runs the pods. GitHub has the organization acme with the private repository infra, and people in and
    outside of the team. `beside`: another cluster of the same GitHub.
    """
    async with contextlib.AsyncExitStack() as stack:
        transport = await stack.enter_async_context(Transport(config))
        if beside is None:
            github = await stack.enter_async_context(FakeGitHub(ssh=True, validator=GitHubContract()))
            populate(github)
        else:
            github = beside.github
        place = Place(config, transport, github, folder)
        place.authority = beside.authority if beside else place.authority
        place.ingress = await stack.enter_async_context(
            ingress_controller(
                transport, Discovery(transport), folder=folder / "nginx", issuer=Issuer(ISSUER, place.authority)
            )
        )
        session = await stack.enter_async_context(browser())
        place.visitor = Visitor(session, login=place.owner)
        cookie = github.world.log_in(place.owner)
        session.cookie_jar.update_cookies({"user_session": cookie})
        authority = folder / "authority.pem"
        authority.write_text(place.authority.pem)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        github.deliveries.trust = place.authority.pem
        pods = Pods(transport, place.ingress, namespace=place.namespace, run=run)
        await stack.enter_async_context(pods.running())
        yield place


def populate(github: FakeGitHub) -> None:
    """People, the organization with its teams, and the repository."""
    world = github.world
    for login in ("ada", "eve", "grace", "mallory", "penny"):
        world.user(login, email=f"{login}@acme.example")
    world.organisation("acme", "ada", "eve", "grace", pending=("penny",), owners=("ada",))
    world.team("acme", "Platform", "ada", "grace", "penny")
    world.organisation("evil", "mallory", owners=("mallory",))
    world.team("evil", "Platform", "mallory")
    world.repository("acme/infra", files={"README.md": "# Infrastructure\n"}, private=True)
