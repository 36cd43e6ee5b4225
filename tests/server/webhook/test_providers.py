"""What each provider's delivery says, and that nobody is believed who does not prove who they are."""

import base64
from typing import Any

import pytest

from tests.server.webhook.payloads import (
    AFTER,
    AZURE_DEVOPS,
    BITBUCKET,
    BITBUCKET_SERVER,
    GHCR,
    GITEA,
    GITHUB,
    GITLAB,
    GOGS,
    HARBOR,
    NOTHING,
    SAMPLES,
    Sample,
)
from trimtab.server.failures import Failure
from trimtab.server.webhook.providers import PROVIDERS, Heard, read
from trimtab.server.webhook.push import Delivery, Push

EVERY = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
AZURE_URLS = (
    "https://acme@dev.azure.com/acme/shop/_git/apps",
    "https://dev.azure.com/acme/shop/_git/apps",
    "https://acme.visualstudio.com/shop/_git/apps",
    "https://acme.visualstudio.com/DefaultCollection/shop/_git/apps",
    "git@ssh.dev.azure.com:v3/acme/shop/apps",
)
SERVER_URLS = (
    "https://bitbucket.example.com/scm/acme/apps.git",
    "ssh://git@bitbucket.example.com:7999/acme/apps.git",
)
MAIN = "refs/heads/main"


def branch(*urls: str, default: str = "main", changed: tuple[str, ...] | None = None) -> Push:
    return Push(urls=urls, ref=MAIN, default_branch=default, changed=changed)


HEARD: dict[str, tuple[Push, ...]] = {
    "GitHub": (
        branch(
            "https://github.com/acme/apps",
            "https://github.com/acme/apps.git",
            "git@github.com:acme/apps.git",
            changed=("apps/old.yaml", "apps/shop/new.yaml", "apps/shop/web.yaml"),
        ),
    ),
    "GitLab": (
        branch(
            "https://gitlab.example.com/acme/apps",
            "https://gitlab.example.com/acme/apps.git",
            "git@gitlab.example.com:acme/apps.git",
            changed=("a", "b"),
        ),
    ),
    "Gitea": (
        branch(
            "https://git.example.com/acme/apps",
            "https://git.example.com/acme/apps.git",
            "ssh://git@git.example.com:2222/acme/apps.git",
            changed=("a", "b"),
        ),
    ),
    "Bitbucket": (
        branch("https://bitbucket.org/acme/apps", default=""),
        Push(urls=("https://bitbucket.org/acme/apps",), ref="refs/tags/v1.2.0"),
        Push(urls=("https://bitbucket.org/acme/apps",), ref="refs/heads/gone"),
    ),
    "Bitbucket Server": (branch(*SERVER_URLS, default=""),),
    "Azure DevOps": (branch(*AZURE_URLS),),
    "GHCR": (Push(urls=("ghcr.io/acme/charts/web",), ref="1.2.3"),),
    "Docker Hub": (
        Push(urls=("docker.io/acme/web",), ref="1.2.3"),
        Push(urls=("registry-1.docker.io/acme/web",), ref="1.2.3"),
    ),
    "Harbor": (Push(urls=("harbor.example.com/acme/web",), ref="1.2.3"),),
}
HEARD["Gogs"] = HEARD["Gitea"]


def test_every_provider_has_a_sample() -> None:
    assert {one.name for one in PROVIDERS} <= set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_proven_push_is_heard(name: str) -> None:
    sample = SAMPLES[name]
    assert read(sample.delivery(), sample.secrets) == Heard(HEARD[name])


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "Harbor"])
def test_without_any_secret_a_push_is_believed(name: str) -> None:
    delivery = SAMPLES[name].delivery(proven=name == "Bitbucket")
    assert read(delivery, {}).pushes == HEARD[name]
    assert read(delivery, {"admin.password": "x", "webhook.github.secret": ""}).pushes == HEARD[name]


def refused(delivery: Delivery, secrets: dict[str, str]) -> str:
    with pytest.raises(Failure) as caught:
        read(delivery, secrets)
    assert caught.value.status == 401
    assert not any(secret in caught.value.message for secret in secrets.values())
    return caught.value.message


@EVERY
def test_while_a_secret_is_rotated_the_one_before_proves_too(sample: Sample) -> None:
    rotated = {
        **dict.fromkeys(sample.secrets, "new"),
        **{f"{key}.previous": one for key, one in sample.secrets.items()},
    }
    heard = read(sample.delivery(), rotated)
    assert heard.outdated == tuple(sample.secrets)
    assert heard.pushes == read(sample.delivery(), sample.secrets).pushes
    other = {f"{key}.previous": "before" for key in sample.secrets}
    assert read(sample.delivery(), {**sample.secrets, **other}).outdated == ()
    refused(sample.delivery(), {**dict.fromkeys(sample.secrets, "new"), **other})


@EVERY
def test_a_secret_before_without_one_of_today_guards_too(sample: Sample) -> None:
    before = {f"{key}.previous": one for key, one in sample.secrets.items()}
    refused(sample.delivery(proven=False, **({"x_hook_uuid": "{0}"} if sample is BITBUCKET else {})), before)
    assert read(sample.delivery(), before).outdated == tuple(sample.secrets)
    refused(BITBUCKET_SERVER.delivery(proven=False), {"webhook.gitlab.secret.previous": "x"})


def test_of_a_login_the_password_alone_may_be_rotated() -> None:
    user, password = AZURE_DEVOPS.secrets
    rotated = {**AZURE_DEVOPS.secrets, password: "new", f"{password}.previous": AZURE_DEVOPS.secrets[password]}
    assert read(AZURE_DEVOPS.delivery(), rotated).outdated == (password,)
    refused(AZURE_DEVOPS.delivery(), {**rotated, user: "somebody"})


@EVERY
def test_no_proof(sample: Sample) -> None:
    delivery = (
        sample.delivery(proven=False, x_hook_uuid="{0}") if sample is BITBUCKET else sample.delivery(proven=False)
    )
    assert next(iter(sample.secrets)) in refused(delivery, sample.secrets)


@EVERY
def test_a_wrong_secret(sample: Sample) -> None:
    refused(sample.delivery(), dict.fromkeys(sample.secrets, "another"))
    refused(sample.delivery(), dict.fromkeys(sample.secrets, "ünïcode"))


@pytest.mark.parametrize("sample", [one for one in SAMPLES.values() if one.signs], ids=str)
def test_another_body_than_the_signed_one(sample: Sample) -> None:
    signed = sample.delivery()
    refused(Delivery(headers=signed.headers, query={}, body=signed.body + b" "), sample.secrets)


@EVERY
def test_pretending_to_be_one_without_a_secret(sample: Sample) -> None:
    guarded = (
        {"webhook.github.secret": "x"}
        if "webhook.github.secret" not in sample.secrets
        else {"webhook.gogs.secret": "x"}
    )
    refused(sample.delivery(), guarded)


def test_harbor_is_never_believed_without() -> None:
    assert "webhook.harbor.secret" in refused(HARBOR.delivery(), {})


@pytest.mark.parametrize("given", ["Basic !!!", "Basic", "Bearer aG9vazpzM2NyM3Q=", "Basic aG9vaw==", ""])
def test_a_login_that_is_none(given: str) -> None:
    refused(AZURE_DEVOPS.delivery(authorization=given), AZURE_DEVOPS.secrets)


def test_a_login_without_a_password() -> None:
    blank = "Basic " + base64.b64encode(b"deployer:").decode()
    refused(AZURE_DEVOPS.delivery(authorization=blank), {"webhook.azuredevops.username": "deployer"})


@pytest.mark.parametrize(
    ("sample", "headers"),
    [
        (GITHUB, {"x_github_event": "ping"}),
        (GITHUB, {"x_github_event": "issues"}),
        (GITEA, {"x_gitea_event": "issues", "x_gogs_event": "issues", "x_github_event": "issues"}),
        (BITBUCKET, {"x_event_key": "repo:fork"}),
        (BITBUCKET_SERVER, {"x_event_key": "diagnostics:ping"}),
    ],
)
def test_another_event(sample: Sample, headers: dict[str, str]) -> None:
    assert read(sample.delivery(proven=True, payload={"zen": "x"}, **headers), sample.secrets).pushes == ()


@pytest.mark.parametrize(
    ("sample", "payload"),
    [
        (GITLAB, {"object_kind": "merge_request"}),
        (AZURE_DEVOPS, {"eventType": "build.complete"}),
        (GHCR, {**GHCR.payload, "action": "deleted"}),
        (GHCR, {"action": "published", "package": {**GHCR.payload["package"], "package_type": "npm"}}),
        (GHCR, {"action": "published", "package": {**GHCR.payload["package"], "package_version": None}}),
        (HARBOR, {"type": "PULL_ARTIFACT", "event_data": {"resources": []}}),
        (SAMPLES["Docker Hub"], {"push_data": {}, "repository": {"repo_name": "a/b"}}),
    ],
)
def test_another_event_by_its_payload(sample: Sample, payload: Any) -> None:
    assert read(sample.delivery(payload=payload), sample.secrets).pushes == ()


@EVERY
@pytest.mark.parametrize("payload", [{}, [], None, "x", {"ref": 1}, {"type": {}}])
def test_a_payload_that_makes_no_sense(sample: Sample, payload: Any) -> None:
    try:
        assert read(sample.delivery(payload=[] if payload is None else payload), sample.secrets).pushes == ()
    except Failure as failure:
        assert failure.status == 400


@EVERY
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json(sample: Sample, body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        read(Delivery(headers=sample.delivery(proven=True).headers, query=sample.query, body=body), {})
    assert caught.value.status in (400, 401)


def test_nobody_in_particular() -> None:
    with pytest.raises(Failure, match="GitHub"):
        read(Delivery(headers={"user-agent": "curl"}, query={}, body=b"{}"), {})


def changed(sample: Sample, **different: Any) -> tuple[str, ...] | None:
    (push,) = read(sample.delivery(payload={**sample.payload, **different}), sample.secrets).pushes
    return push.changed


COMMIT = {"added": ["a"], "removed": [], "modified": ["b"]}


@pytest.mark.parametrize(
    ("sample", "different"),
    [
        (GITHUB, {"forced": True}),
        (GITHUB, {"created": True}),
        (GITHUB, {"deleted": True}),
        (GITHUB, {"commits": []}),
        (GITHUB, {"commits": [COMMIT] * 2048}),
        (GITHUB, {"commits": [COMMIT, {"id": AFTER}]}),
        (GITLAB, {"total_commits_count": 21}),
        (GITLAB, {"before": NOTHING}),
        (GITLAB, {"commits": None, "total_commits_count": 0}),
        (GITEA, {"total_commits": 6}),
        (GITEA, {"after": NOTHING}),
        (GOGS, {"commits": [COMMIT] * 5}),
        (GOGS, {"commits": [{"added": None, "removed": None, "modified": None}]}),
    ],
)
def test_what_changed_is_not_known_for_sure(sample: Sample, different: dict[str, Any]) -> None:
    assert changed(sample, **different) is None


def test_bitbucket_server_that_says_no_address() -> None:
    payload = {**BITBUCKET_SERVER.payload, "repository": {"slug": "apps"}}
    with pytest.raises(Failure, match="clone is empty"):
        read(BITBUCKET_SERVER.delivery(payload=payload), BITBUCKET_SERVER.secrets)


def test_azure_devops_on_premises() -> None:
    payload = {
        "eventType": "git.push",
        "resource": {
            "refUpdates": [{"name": "refs/tags/v1"}],
            "repository": {"remoteUrl": "https://tfs.example.com/c/p/_git/r"},
        },
    }
    (push,) = read(AZURE_DEVOPS.delivery(payload=payload), AZURE_DEVOPS.secrets).pushes
    assert push == Push(urls=("https://tfs.example.com/c/p/_git/r",), ref="refs/tags/v1")
