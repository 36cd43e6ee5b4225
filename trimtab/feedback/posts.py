"""From an application's state to what GitHub is to be told, and whether that is news."""

import datetime as dt
import re
from typing import ClassVar, Literal

from msgspec import Struct

from trimtab.feedback.outcome import Outcome, State, outcome_of
from trimtab.feedback.place import Place
from trimtab.model.application import Application, OperationState

Key = tuple[str, ...]
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Post(Struct, frozen=True, kw_only=True):
    """Something to tell about commit `sha` of `repo` (`owner/name`); `what` is a line without any secret."""

    kind: ClassVar[str] = ""
    repo: str
    sha: str
    environment: str
    app: str
    state: State
    what: str
    page: str
    by: Literal["operation", "health"]

    @property
    def key(self) -> Key:
        """What it is about: of posts about the same, the last one counts."""
        return (self.kind, self.repo, self.sha, self.environment, self.app)


class StatusPost(Post, frozen=True, kw_only=True):
    """A commit status."""

    kind: ClassVar[str] = "status"

    @property
    def context(self) -> str:
        """The name of the status."""
        return f"trimtab/{self.environment}/{self.app}"


class DeploymentPost(Post, frozen=True, kw_only=True):
    """A deployment and its status."""

    kind: ClassVar[str] = "deployment"

    @property
    def task(self) -> str:
        """Tells the deployments of one environment apart."""
        return f"deploy:{self.app}"


class CommentPost(Post, frozen=True, kw_only=True):
    """A row in the comment on the pull request that the commit is from."""

    kind: ClassVar[str] = "comment"


def posts_of(app: Application, place: Place, *, now: dt.datetime) -> tuple[Post, ...]:
    """All that GitHub should have been told of the application's last sync; () where there is nothing."""
    outcome, state = outcome_of(app, now=now), app.status.operation_state
    if outcome is None or state is None:
        return ()
    switches, commits = place.feedback, _commits(app, state, place)
    if app.metadata.deletion_timestamp:
        over = Outcome(state="inactive", text="The application is deleted", by="operation")
        where = commits if switches.deployments else []
        return tuple(_post(DeploymentPost, app, over, place=place, commit=commit) for commit in where)
    kinds: list[type[Post]] = [StatusPost] if switches.statuses else []
    kinds += [DeploymentPost] if switches.deployments else []
    kinds += [CommentPost] if switches.comments else []
    return tuple(_post(kind, app, outcome, place=place, commit=commit) for commit in commits for kind in kinds)


def is_news(known: str | None, post: Post) -> bool:
    """Whether a post says more than `known`, the state that GitHub has ("inactive" for a deployment that is over).

    A commit that was deployed stays so, unless another sync of it fails: health that comes and goes later is not the
    commit's. While one that failed is tried again, it counts as failed.
    """
    if post.state == "inactive":
        return known not in (None, "inactive")
    if known in (None, "inactive"):
        return True
    if known == "success":
        return post.state == "failure" and post.by == "operation"
    return post.state not in ("pending", known)


def _post(kind: type[Post], app: Application, outcome: Outcome, *, place: Place, commit: tuple[str, str]) -> Post:
    return kind(
        repo=commit[0],
        sha=commit[1],
        environment=place.environment,
        app=place.called(app.metadata.namespace, app.metadata.name),
        state=outcome.state,
        what=outcome.text,
        page=place.page(app.metadata.namespace, app.metadata.name),
        by=outcome.by,
    )


def _commits(app: Application, state: OperationState, place: Place) -> list[tuple[str, str]]:
    """(repository, SHA) of the sources that are on the environment's GitHub, each once."""
    sources = app.spec.all_sources()
    result = state.sync_result
    if result is None:
        sync = state.operation.sync
        revisions = (sync.revisions or (sync.revision,)) if sync else ()
    else:
        sources = result.sources or ((result.source,) if result.source else sources)
        revisions = result.revisions or (result.revision,)
    pairs = [
        (place.repository(source.repo_url), revision)
        for source, revision in zip(sources, revisions, strict=False)
        if not source.chart
    ]
    return list(dict.fromkeys((repo, sha) for repo, sha in pairs if repo and _SHA.fullmatch(sha)))
