"""From an application's last sync to what GitHub is told, and when that is news."""

import pytest
from msgspec.structs import replace

from tests.unit.feedback.builders import NOW, OTHER, SECRET, SHA, URL, a_place, a_result, an_app
from trimtab.environment.environment import Feedback
from trimtab.feedback.outcome import outcome_of
from trimtab.feedback.posts import CommentPost, DeploymentPost, Post, StatusPost, is_news, posts_of
from trimtab.model.application import (
    Application,
    ApplicationSource,
    ApplicationStatus,
    SyncOperation,
    SyncResourceSelector,
    SyncResult,
)

FAILED = (
    a_result(status="SyncFailed"),
    a_result("Job", "migrate", hook_type="PreSync", hook_phase="Failed"),
    a_result("Service", status="Synced"),
)
OUTCOMES = [
    (an_app("Running"), "pending", "operation", "Being deployed"),
    (an_app("Terminating"), "pending", "operation", "Being deployed"),
    (an_app("Failed", results=FAILED), "failure", "operation", "Could not be deployed: Deployment web, Job migrate"),
    (an_app("Error"), "failure", "operation", "Could not be deployed"),
    (an_app(results=(a_result(status="Synced"),)), "success", "health", "Deployed: 1 object"),
    (an_app(health="Suspended"), "success", "health", "Deployed: 0 objects"),
    (an_app(health="Progressing"), "pending", "health", "Deployed; not healthy yet"),
    (an_app(health="Degraded"), "failure", "health", "Deployed, and degraded: Deployment web"),
    (an_app(sync="OutOfSync", ended=5), "pending", "health", "Deployed; not healthy yet"),
    (an_app(sync="OutOfSync", ended=60), "success", "health", "Deployed: 0 objects"),
]


@pytest.mark.parametrize(("app", "state", "by", "text"), OUTCOMES)
def test_what_became_of_a_sync(app: Application, state: str, by: str, text: str) -> None:
    found = outcome_of(app, now=NOW)
    assert found is not None
    assert (found.state, found.by, found.text) == (state, by, text)


def test_many_objects_are_counted() -> None:
    results = tuple(a_result("ConfigMap", f"c{n}", status="SyncFailed") for n in range(9))
    found = outcome_of(an_app("Failed", results=results), now=NOW)
    assert found and found.text == "Could not be deployed: ConfigMap c0, ConfigMap c1, ConfigMap c2 and 6 more"


@pytest.mark.parametrize(
    "operation",
    [
        SyncOperation(revision=SHA, dry_run=True),
        SyncOperation(revision=SHA, resources=(SyncResourceSelector(kind="Service", name="web"),)),
    ],
)
def test_no_deployment_is_told_of(operation: SyncOperation) -> None:
    assert posts_of(an_app(operation=operation), a_place(), now=NOW) == ()
    assert posts_of(replace(an_app(), status=ApplicationStatus()), a_place(), now=NOW) == ()


def test_what_is_posted() -> None:
    status, deployment, comment = posts_of(an_app(), a_place(), now=NOW)
    assert isinstance(status, StatusPost)
    assert isinstance(deployment, DeploymentPost)
    assert isinstance(comment, CommentPost)
    assert (status.repo, status.sha, status.state) == ("acme/infra", SHA, "success")
    assert status.context == "trimtab/production/shop"
    assert deployment.task == "deploy:shop"
    assert status.page == "https://argocd.acme.example/applications/argocd/shop"
    assert len({post.key for post in (status, deployment, comment)}) == 3


def test_what_is_switched_off_is_not_posted() -> None:
    place = replace(a_place(), feedback=Feedback(statuses=False, deployments=True, comments=False))
    assert [type(post) for post in posts_of(an_app(), place, now=NOW)] == [DeploymentPost]


def test_no_word_of_the_cluster_is_passed_on() -> None:
    for app, *_ in OUTCOMES:
        assert SECRET not in repr(posts_of(app, a_place(), now=NOW))


def test_each_source_on_github_is_told_of_once() -> None:
    sources = (
        ApplicationSource(repo_url=URL),
        ApplicationSource(repo_url=f"{URL}.git"),
        ApplicationSource(repo_url="https://github.com/acme/values"),
        ApplicationSource(repo_url="https://charts.example.com", chart="x"),
        ApplicationSource(repo_url="https://git.example.com/acme/infra"),
        ApplicationSource(repo_url=URL),
    )
    app = an_app(sources=sources, source=None)
    state = app.status.operation_state
    assert state is not None
    result = SyncResult(revisions=(SHA, SHA, OTHER, "1.2.3", SHA, "main"), sources=sources)
    told = posts_of(
        replace(app, status=replace(app.status, operation_state=replace(state, sync_result=result))),
        a_place(),
        now=NOW,
    )
    assert [(post.repo, post.sha) for post in told if isinstance(post, StatusPost)] == [
        ("acme/infra", SHA),
        ("acme/values", OTHER),
    ]


def a_post(app: Application) -> Post:
    return posts_of(app, a_place(), now=NOW)[0]


PENDING, SUCCESS = a_post(an_app("Running")), a_post(an_app())
FAILURE, DEGRADED = a_post(an_app("Failed")), a_post(an_app(health="Degraded"))


@pytest.mark.parametrize(
    ("known", "news"),
    [
        (None, (PENDING, SUCCESS, FAILURE, DEGRADED)),
        ("inactive", (PENDING, SUCCESS, FAILURE, DEGRADED)),
        ("pending", (SUCCESS, FAILURE, DEGRADED)),
        ("failure", (SUCCESS,)),
        ("success", (FAILURE,)),
    ],
)
def test_what_is_news(known: str | None, news: tuple[Post, ...]) -> None:
    assert tuple(post for post in (PENDING, SUCCESS, FAILURE, DEGRADED) if is_news(known, post)) == news


def test_a_deployment_ends_with_its_application() -> None:
    app = an_app(health="Degraded")
    gone = replace(app, metadata=replace(app.metadata, deletion_timestamp="2026-11-30T12:00:00Z"))
    (post,) = posts_of(gone, a_place(), now=NOW)
    assert isinstance(post, DeploymentPost)
    assert (post.state, post.sha) == ("inactive", SHA)
    assert [is_news(known, post) for known in (None, "inactive", "success", "failure", "pending")] == [
        False,
        False,
        True,
        True,
        True,
    ]
    quiet = replace(a_place(), feedback=Feedback(deployments=False))
    assert posts_of(gone, quiet, now=NOW) == ()
