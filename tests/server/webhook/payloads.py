"""What the providers send when somebody pushes, cut down to what counts, and signed as they sign."""

import base64
import hashlib
import hmac
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.server.webhook.push import Delivery

SECRET = "s3cr3t"
BEFORE, AFTER, NOTHING = "1" * 40, "2" * 40, "0" * 40


class Sample(Struct, frozen=True, kw_only=True):
    """A delivery of one provider. `secrets`: argocd-secret with which it proves itself."""

    headers: dict[str, str]
    payload: Any
    secrets: dict[str, str]
    proof: dict[str, str] = {}
    query: dict[str, str] = {}
    query_proof: dict[str, str] = {}
    signs: tuple[str, str] | None = None

    def delivery(self, *, proven: bool = True, payload: Any = None, **headers: str) -> Delivery:
        """As it arrives; `signs` is (header, prefix)."""
        body = msgspec.json.encode(self.payload if payload is None else payload)
        proof = dict(self.proof)
        if self.signs is not None:
            digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            proof[self.signs[0]] = self.signs[1] + digest
        said = {**self.headers, **(proof if proven else {}), **{k.replace("_", "-"): v for k, v in headers.items()}}
        return Delivery(headers=said, query={**self.query, **(self.query_proof if proven else {})}, body=body)


GITHUB = Sample(
    headers={"x-github-event": "push"},
    signs=("x-hub-signature-256", "sha256="),
    secrets={"webhook.github.secret": SECRET},
    payload={
        "ref": "refs/heads/main",
        "before": BEFORE,
        "after": AFTER,
        "created": False,
        "deleted": False,
        "forced": False,
        "commits": [
            {"id": AFTER, "added": ["apps/shop/new.yaml"], "removed": [], "modified": ["apps/shop/web.yaml"]},
            {"id": BEFORE, "added": [], "removed": ["apps/old.yaml"], "modified": ["apps/shop/web.yaml"]},
        ],
        "repository": {
            "html_url": "https://github.com/acme/apps",
            "clone_url": "https://github.com/acme/apps.git",
            "ssh_url": "git@github.com:acme/apps.git",
            "default_branch": "main",
        },
    },
)
GITLAB = Sample(
    headers={"x-gitlab-event": "Push Hook"},
    proof={"x-gitlab-token": SECRET},
    secrets={"webhook.gitlab.secret": SECRET},
    payload={
        "object_kind": "push",
        "before": BEFORE,
        "after": AFTER,
        "ref": "refs/heads/main",
        "project": {
            "web_url": "https://gitlab.example.com/acme/apps",
            "git_http_url": "https://gitlab.example.com/acme/apps.git",
            "git_ssh_url": "git@gitlab.example.com:acme/apps.git",
            "default_branch": "main",
        },
        "commits": [{"id": AFTER, "added": ["a"], "modified": ["b"], "removed": []}],
        "total_commits_count": 1,
    },
)
GITEA = Sample(
    headers={"x-gitea-event": "push", "x-gogs-event": "push", "x-github-event": "push"},
    signs=("x-gitea-signature", ""),
    secrets={"webhook.gogs.secret": SECRET},
    payload={
        "ref": "refs/heads/main",
        "before": BEFORE,
        "after": AFTER,
        "commits": [{"id": AFTER, "added": ["a"], "removed": [], "modified": ["b"]}],
        "total_commits": 1,
        "repository": {
            "html_url": "https://git.example.com/acme/apps",
            "clone_url": "https://git.example.com/acme/apps.git",
            "ssh_url": "ssh://git@git.example.com:2222/acme/apps.git",
            "default_branch": "main",
        },
    },
)
GOGS = Sample(
    headers={"x-gogs-event": "push"},
    signs=("x-gogs-signature", ""),
    secrets=GITEA.secrets,
    payload={key: value for key, value in GITEA.payload.items() if key != "total_commits"},
)
BITBUCKET = Sample(
    headers={"x-event-key": "repo:push"},
    proof={"x-hook-uuid": "{b0c1}"},
    secrets={"webhook.bitbucket.uuid": "b0c1"},
    payload={
        "push": {
            "changes": [
                {"new": {"type": "branch", "name": "main"}, "old": {"type": "branch", "name": "main"}},
                {"new": {"type": "annotated_tag", "name": "v1.2.0"}, "old": None},
                {"new": None, "old": {"type": "branch", "name": "gone"}},
            ]
        },
        "repository": {"links": {"html": {"href": "https://bitbucket.org/acme/apps"}}},
    },
)
BITBUCKET_SERVER = Sample(
    headers={"x-event-key": "repo:refs_changed"},
    signs=("x-hub-signature", "sha256="),
    secrets={"webhook.bitbucketserver.secret": SECRET},
    payload={
        "repository": {
            "slug": "apps",
            "links": {
                "clone": [
                    {"name": "http", "href": "https://bitbucket.example.com/scm/acme/apps.git"},
                    {"name": "ssh", "href": "ssh://git@bitbucket.example.com:7999/acme/apps.git"},
                ]
            },
        },
        "changes": [{"ref": {"id": "refs/heads/main", "displayId": "main", "type": "BRANCH"}, "type": "UPDATE"}],
    },
)
AZURE_DEVOPS = Sample(
    headers={"x-vss-activityid": "0"},
    proof={"authorization": "Basic " + base64.b64encode(f"deployer:{SECRET}".encode()).decode()},
    secrets={"webhook.azuredevops.username": "deployer", "webhook.azuredevops.password": SECRET},
    payload={
        "eventType": "git.push",
        "resource": {
            "refUpdates": [{"name": "refs/heads/main", "oldObjectId": BEFORE, "newObjectId": AFTER}],
            "repository": {
                "remoteUrl": "https://acme@dev.azure.com/acme/shop/_git/apps",
                "defaultBranch": "refs/heads/main",
            },
        },
    },
)
GHCR = Sample(
    headers={"x-github-event": "package"},
    signs=("x-hub-signature-256", "sha256="),
    secrets={"webhook.github.secret": SECRET},
    payload={
        "action": "published",
        "package": {
            "name": "charts/web",
            "package_type": "CONTAINER",
            "owner": {"login": "acme"},
            "package_version": {"container_metadata": {"tag": {"name": "1.2.3", "digest": "sha256:0"}}},
        },
    },
)
DOCKER_HUB = Sample(
    headers={},
    query={"type": "dockerhub"},
    query_proof={"secret": SECRET},
    secrets={"webhook.dockerhub.secret": SECRET},
    payload={"push_data": {"tag": "1.2.3"}, "repository": {"repo_name": "acme/web"}},
)
HARBOR = Sample(
    headers={"authorization": "somebody"},
    proof={"authorization": SECRET},
    secrets={"webhook.harbor.secret": SECRET},
    payload={
        "type": "PUSH_ARTIFACT",
        "event_data": {
            "resources": [
                {"tag": "1.2.3", "digest": "sha256:0", "resource_url": "harbor.example.com/acme/web:1.2.3"},
                {"tag": "", "digest": "sha256:1", "resource_url": "harbor.example.com/acme/web@sha256:1"},
            ],
            "repository": {"repo_full_name": "acme/web"},
        },
    },
)
SAMPLES = {
    "GitHub": GITHUB,
    "GitLab": GITLAB,
    "Gitea": GITEA,
    "Gogs": GOGS,
    "Bitbucket": BITBUCKET,
    "Bitbucket Server": BITBUCKET_SERVER,
    "Azure DevOps": AZURE_DEVOPS,
    "GHCR": GHCR,
    "Docker Hub": DOCKER_HUB,
    "Harbor": HARBOR,
}
