"""No right is missing, and none is idle: the API server's own log of a whole story, held to the rules.

On a Kubernetes that does not stream lists, since elsewhere `list` is not asked for.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cluster.installation import Installation
from tests.cluster.server.story import apart, whole_story
from tests.engine.github import GitHubOnLoopback, github_on_loopback
from tests.engine.world import conditions, install, until
from tests.rights import Right, granted
from tests.server.desk import Desk, a_desk
from tools.controlplane.build import Programs
from tools.controlplane.commands import Settings
from tools.controlplane.run import ControlPlane
from trimtab.controller import findings
from trimtab.controller.world import World
from trimtab.environment.names import APP, ENVIRONMENT, FILE_KEY, KNOWN_HOSTS
from trimtab.kube.config import ClusterConfig, load

SETTINGS = Settings(audit=True, extra=("--feature-gates=WatchList=false",))


class Request(NamedTuple):
    """What was asked and allowed. `inside`: in the control namespace."""

    account: str
    inside: bool
    group: str
    resource: str
    name: str
    verb: str

    def needs(self, right: Right) -> bool:
        """A Role is to do inside, whatever a ClusterRole allows: that is there to be narrowed."""
        return (
            (self.account, self.inside) == (right.role, right.kind == "Role")
            and right.group in ("*", self.group)
            and right.resource in ("*", self.resource)
            and right.name in ("", self.name)
            and right.verb in ("*", self.verb)
        )


@pytest.fixture(scope="module")
def control_plane(programs: Programs) -> Iterator[ControlPlane]:
    """One of its own, which writes down who asked for what."""
    with ControlPlane(programs, settings=SETTINGS) as running:
        asyncio.run(install(load(running.kubeconfig(), None)))
        yield running


@pytest.fixture
def api(control_plane: ControlPlane) -> ClusterConfig:
    return load(control_plane.kubeconfig(), None)


@pytest.fixture
async def desk(api: ClusterConfig, tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(api, tmp_path) as desk:
        await desk.prepare()
        yield desk


@pytest.fixture
async def github(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GitHubOnLoopback]:
    async with github_on_loopback(desk, tmp_path, monkeypatch) as github:
        yield github


async def logged(control_plane: ControlPlane, desk: Desk) -> list[dict[str, Any]]:
    """What the ServiceAccounts of the desk's control namespace have asked for."""
    mark = secrets.token_hex(8)
    await desk.get("ConfigMap", mark)

    async def written() -> str:
        return control_plane.audit_log.read_text()

    text = await until(written, lambda text: mark in text)
    events = [json.loads(line) for line in text.splitlines()]
    prefix = f"system:serviceaccount:{desk.control}:"
    return [event for event in events if event["user"]["username"].startswith(prefix)]


def request(event: dict[str, Any]) -> Request:
    about = event.get("objectRef", {})
    _, _, namespace, account = event["user"]["username"].split(":")
    return Request(
        account=account,
        inside=about.get("namespace") == namespace,
        group=about.get("apiGroup", ""),
        resource="/".join(part for part in (about.get("resource"), about.get("subresource")) if part),
        name=about.get("name", ""),
        verb=event["verb"],
    )


async def seldom(desk: Desk, world: World) -> None:
    """A project that the controller has not heard of; an Application that somebody else has just written, too."""
    await desk.create(desk.an_app("other", spec={"project": "unheard-of"}))
    await desk.app_until(conditions, name="other")
    app = world.applications.get(desk.key("other"))
    assert app is not None
    assert (await world.applications.read(app)).metadata.uid == app.metadata.uid


async def an_environment(
    desk: Desk, installation: Installation, *, github: GitHubOnLoopback, control_plane: ControlPlane
) -> None:
    """Host keys are written down where there are none, and when GitHub lists others. All that an environment needs is
    looked at, and its App is looked for, to tell GitHub of a sync.
    """

    async def looked_at() -> bool:
        return ("versions", "error") in world.findings.counts

    await desk.delete("ConfigMap", KNOWN_HOSTS, namespace=desk.control)
    await github.map(ENVIRONMENT, {FILE_KEY: github.file})
    for _ in range(2):
        github.ssh.swap_host_key()
        github.lists(key := github.host_key)
        async with apart(desk, installation) as world:
            await until(github.known_hosts, lambda known: key.data in known)
            await until(looked_at, bool)
    await desk.create(desk.an_app("told"))
    async with apart(desk, installation):
        await until(
            lambda: logged(control_plane, desk),
            lambda events: any(f"/secrets/{APP}" in one["requestURI"] for one in events),
        )


@pytest.mark.timeout(180)
async def test_every_right_is_needed_and_none_is_missing(
    control_plane: ControlPlane, desk: Desk, github: GitHubOnLoopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "FIRST_SECONDS", 0.0)
    installation = Installation(control_plane, desk.control, desk.folder)
    installation.grant()
    async with apart(desk, installation) as world:
        await whole_story(desk)
        await seldom(desk, world)
    await an_environment(desk, installation, github=github, control_plane=control_plane)
    events = await logged(control_plane, desk)
    assert [event["requestURI"] for event in events if event["responseStatus"]["code"] == 403] == []
    requests = {request(event) for event in events if "objectRef" in event}
    missing = {one for one in requests if not any(one.needs(right) for right in granted())}
    assert missing == set()
    idle = {right for right in granted() if not any(one.needs(right) for one in requests)}
    assert idle == set()
