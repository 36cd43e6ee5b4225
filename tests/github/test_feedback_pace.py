"""How feedback is paced: the newest state of each application, one thing after the other, as slowly as GitHub wants."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from tests.clocks import SwiftClock
from tests.engine.world import until
from tests.servers.github_contract import GitHubContract
from tests.unit.feedback.builders import an_app
from trimtab.clock import rfc3339
from trimtab.controller import feedback as feedback_module
from trimtab.controller.feedback import Feedback
from trimtab.environment.names import APP, ENVIRONMENT, FILE_KEY
from trimtab.fakegithub import git_store
from trimtab.fakegithub.server import FakeGitHub
from trimtab.fakegithub.trouble import Trouble
from trimtab.model.application import Application, ApplicationSource, OperationPhase

REPO = "acme/infra"


class Kept:
    """What the control namespace holds, and how often it was asked."""

    namespace = "argocd"

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, str]] = {}
        self.reads = 0

    async def read_object(self, kind: str, name: str) -> dict[str, Any] | None:
        self.reads += 1
        data = self.objects.get(name)
        if data is not None and kind == "Secret":
            data = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        return None if data is None else {"kind": kind, "metadata": {"name": name}, "data": data}


class Said:
    """Events that were emitted."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def emit_about(self, involved: dict[str, str], reason: str, message: str, *, kind: str) -> None:
        self.messages.append(f"{reason}: {message}")


class Stage:
    """Feedback on a swift clock, and the fake GitHub that hears it."""

    def __init__(self, github: FakeGitHub, clock: SwiftClock) -> None:
        self.github = github
        self.clock = clock
        world = github.world
        world.user("ada")
        world.organisation("acme", owners=("ada",))
        found = world.repository(REPO, files={"README.md": "#"})
        self.sha = git_store.refs(found.git)["refs/heads/main"]
        permissions = {"statuses": "write", "deployments": "write", "pull_requests": "write"}
        app = world.github_app("acme", "Trimtab", default_permissions=permissions)
        world.install(app, "acme")
        self.kept, self.said = Kept(), Said()
        file = (
            "apiVersion: trimtab.dev/v1alpha1\nkind: Environment\nname: production\ndomain: acme.example\n"
            "organization: acme\nteams: [platform]\nrepository: infra\n"
            "ingress: {class: nginx, tls: {issuer: letsencrypt}}\n"
            f"github: {{url: '{github.url}', apiURL: '{github.api_url}'}}\n"
            "feedback: {statuses: true, deployments: false, comments: false}\n"
        )
        self.kept.objects[ENVIRONMENT] = {FILE_KEY: file}
        self.kept.objects[APP] = {"id": str(app.id), "privateKey": app.pem}
        self.feedback = Feedback(self.kept, clock=clock, recorder=self.said)  # type: ignore[arg-type]

    @contextlib.asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.feedback.keep())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def told(self, count: int) -> list[str]:
        """The states, when there are so many and nothing waits."""

        async def seen() -> tuple[int, list[str]]:
            return len(self.feedback), self.states

        return (await until(seen, lambda found: not found[0] and len(found[1]) >= count))[1]

    @property
    def states(self) -> list[str]:
        return [one.state for one in self.github.world.repositories[REPO].statuses]

    def app(self, phase: OperationPhase = "Succeeded", *, name: str = "shop", ago: float = 0.0) -> Application:
        """One whose sync of the repository's commit ended `ago` seconds ago."""
        app = an_app(phase, source=ApplicationSource(repo_url=self.github.clone_url(REPO)))
        state = app.status.operation_state
        assert state is not None
        assert state.sync_result is not None
        ended = None if phase == "Running" else rfc3339(self.clock.now())
        if ago:
            ended = "2025-12-31T00:00:00Z"
        result = replace(state.sync_result, revision=self.sha)
        state = replace(state, sync_result=result, finished_at=ended)
        metadata = replace(app.metadata, name=name)
        return replace(app, metadata=metadata, status=replace(app.status, operation_state=state))


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    clock = SwiftClock()
    async with FakeGitHub(clock, validator=GitHubContract()) as github:
        yield Stage(github, clock)


async def test_only_the_newest_state_of_an_application_is_told(stage: Stage) -> None:
    phases: tuple[OperationPhase, ...] = ("Running", "Failed", "Running", "Succeeded")
    for phase in phases:
        stage.feedback.notice(stage.app(phase))
    async with stage.kept_up():
        assert await stage.told(1) == ["success"]


async def test_states_are_told_as_they_come(stage: Stage) -> None:
    async with stage.kept_up():
        stage.feedback.notice(stage.app("Running"))
        assert await stage.told(1) == ["pending"]
        stage.feedback.notice(stage.app("Running"))
        stage.feedback.notice(stage.app())
        assert await stage.told(2) == ["pending", "success"]
        stage.feedback.notice(stage.app("Running"))
        stage.feedback.notice(stage.app())
        assert await stage.told(2) == ["pending", "success"]


async def test_github_is_given_the_rest_that_it_asks_for(stage: Stage) -> None:
    stage.github.plan(Trouble.HURRIED, "POST", "/statuses/")
    stage.feedback.notice(stage.app())
    stage.feedback.notice(stage.app(name="till"))
    async with stage.kept_up():
        assert await stage.told(2) == ["success", "success"]
    assert max(stage.clock.waits) >= 60


async def test_a_github_that_is_away_is_asked_again_and_again(stage: Stage) -> None:
    stage.github.plan(Trouble.DOWN, path="/(statuses|access_tokens)", times=12)
    stage.feedback.notice(stage.app())
    async with stage.kept_up():
        assert await stage.told(1) == ["success"]


async def test_what_is_long_over_is_no_news(stage: Stage) -> None:
    stage.feedback.notice(stage.app(ago=86_400, name="old"))
    stage.feedback.notice(stage.app())
    async with stage.kept_up():
        assert await stage.told(1) == ["success"]
    assert [one.context for one in stage.github.world.repositories[REPO].statuses] == ["trimtab/production/shop"]


async def test_what_waits_is_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback_module, "MOST_WAITING", 3)
    for number in range(10):
        stage.feedback.notice(stage.app(name=f"app-{number}"))
    assert len(stage.feedback) == 3
    async with stage.kept_up():
        await stage.told(3)
    contexts = [one.context for one in stage.github.world.repositories[REPO].statuses]
    assert contexts == [f"trimtab/production/app-{number}" for number in (7, 8, 9)]


@pytest.mark.parametrize("missing", [ENVIRONMENT, APP])
async def test_without_an_environment_or_an_app_nothing_is_kept_or_asked(stage: Stage, missing: str) -> None:
    gone = stage.kept.objects.pop(missing)
    async with stage.kept_up():
        stage.feedback.notice(stage.app())
        await stage.told(0)
        reads = stage.kept.reads
        for number in range(5):
            stage.feedback.notice(stage.app(name=f"app-{number}"))
        assert len(stage.feedback) == 0
        assert stage.kept.reads == reads
        stage.kept.objects[missing] = gone
        stage.clock.step(61)
        stage.feedback.notice(stage.app())
        assert await stage.told(1) == ["success"]


async def test_an_app_that_was_uninstalled_is_said_and_not_asked_for_ever(stage: Stage) -> None:
    world = stage.github.world
    async with stage.kept_up():
        stage.feedback.notice(stage.app())
        await stage.told(1)
        world.uninstall(next(iter(world.installations.values())))
        asked = len(stage.github.requests)
        for number in range(20):
            stage.feedback.notice(stage.app(name=f"app-{number}"))
        await stage.told(1)
    assert len(stage.github.requests) - asked < 10
    (said,) = stage.said.messages
    assert said.startswith(f"FeedbackRefused: GitHub is not told by status of {REPO}: ")
