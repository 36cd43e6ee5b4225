"""A scene whose repository is on a fake GitHub, with the GitHub App that set-up leaves in the cluster."""

import base64
from typing import Any

from tests.engine.objects import files
from tests.engine.world import Scene
from trimtab.environment.names import APP, ENVIRONMENT, FILE_KEY
from trimtab.fakegithub.repository import Comment, Repository, Status
from trimtab.fakegithub.server import FakeGitHub
from trimtab.github.client import GitHub
from trimtab.github.contents import Proposal, propose_files
from trimtab.github.endpoints import Endpoints
from trimtab.github.tokens import Given
from trimtab.model.keys import Manifest

REPO = "acme/infrastructure"
PERMISSIONS = {"contents": "read", "statuses": "write", "deployments": "write", "pull_requests": "write"}


class Told:
    """What GitHub was told, and the cluster that tells it."""

    def __init__(self, scene: Scene, github: FakeGitHub) -> None:
        self.scene = scene
        self.github = github
        world = github.world
        for login in ("ada", "bob"):
            world.user(login)
        world.organisation("acme", "bob", owners=("ada",))
        world.repository(REPO, files={"README.md": "# Infrastructure\n"})
        self.app = world.github_app("acme", "Trimtab Production", default_permissions=PERMISSIONS)
        self.installation = world.install(self.app, "acme")

    @property
    def repository(self) -> Repository:
        return self.github.world.repositories[REPO]

    @property
    def url(self) -> str:
        return self.github.clone_url(REPO)

    async def installed(self, feedback: str = "{}") -> None:
        """As set-up leaves the cluster: the environment, its App, and the repository's credentials."""
        file = (
            "apiVersion: trimtab.dev/v1alpha1\nkind: Environment\nname: production\ndomain: acme.example\n"
            "organization: acme\nteams: [platform]\nrepository: infrastructure\naccess: githubApp\n"
            "ingress: {class: nginx, tls: {issuer: letsencrypt}}\n"
            f"install: {{namespace: {self.scene.control}}}\n"
            f"github: {{url: '{self.github.url}', apiURL: '{self.github.api_url}'}}\nfeedback: {feedback}\n"
        )
        await self._apply("ConfigMap", ENVIRONMENT, {FILE_KEY: file})
        numbers = {"id": str(self.app.id), "installationID": str(self.installation.id)}
        await self._apply("Secret", APP, {**numbers, "privateKey": self.app.pem, "slug": self.app.slug})
        login = {
            "githubAppID": numbers["id"],
            "githubAppPrivateKey": self.app.pem,
            "githubAppEnterpriseBaseUrl": self.github.api_url,
        }
        labels = {"argocd.argoproj.io/secret-type": "repository"}
        await self._apply("Secret", "repo-1", {"url": self.url, "type": "git", **login}, labels=labels)

    def push(self, *manifests: Manifest, message: str = "Change files") -> str:
        """ada pushes what `app` holds from now on."""
        return self.github.world.commit(REPO, files("app", *manifests), user="ada", message=message)

    async def merge(self, *manifests: Manifest) -> str:
        """bob's pull request is merged by ada: the commit on main."""
        token = self.github.world.personal_token("ada", "repo")
        async with GitHub(Endpoints(web=self.github.url, api=self.github.api_url), Given(token)) as github:
            proposal = Proposal(
                base="main",
                branch=f"change-{len(self.repository.pulls)}",
                files={name: str(text) for name, text in files("app", *manifests).items()},
                message="Change",
                title="Change",
                body="",
            )
            pull = await propose_files(github, REPO, proposal)
            assert pull is not None
            merged = await github.put(f"/repos/{REPO}/pulls/{pull.number}/merge", dict[str, Any], body={})
        return str(merged["sha"])

    def an_app(self, name: str = "shop", **more: Any) -> Manifest:
        return self.scene.an_app(name, source={"repoURL": self.url}, **more)

    def states(self, sha: str, *, name: str = "shop") -> list[str]:
        """The states of a commit's status, in the order they were told."""
        return [one.state for one in self.statuses(sha, name=name)]

    def statuses(self, sha: str, *, name: str = "shop") -> list[Status]:
        context = f"trimtab/production/{self.scene.named(name)}"
        return [one for one in self.repository.statuses if (one.sha, one.context) == (sha, context)]

    def deployments(self) -> dict[str, list[str]]:
        """SHA → the states of its deployment, in the order they were told."""
        return {one.sha: [s.asked["state"] for s in one.statuses] for one in self.repository.deployments}

    def comments(self) -> list[Comment]:
        return list(self.repository.comments)

    def posts(self) -> int:
        """All that GitHub has been told."""
        told = [one.statuses for one in self.repository.deployments]
        return len(self.repository.statuses) + len(self.repository.comments) + sum(1 + len(one) for one in told)

    async def _apply(
        self, kind: str, name: str, values: dict[str, str], *, labels: dict[str, str] | None = None
    ) -> None:
        plain = kind == "ConfigMap"
        data = values if plain else {key: base64.b64encode(text.encode()).decode() for key, text in values.items()}
        metadata = {"name": name, "namespace": self.scene.control, "labels": labels or {}}
        manifest = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": data}
        await self.scene.apply(manifest, by="tests", force=True)
