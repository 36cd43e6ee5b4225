"""Every function of ours against the fake GitHub, each exchange held to GitHub's published description."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import asyncssh
import pytest

from tests.servers.github_contract import GitHubContract
from trimtab.clock import StepClock
from trimtab.fakegithub.applications import GitHubApp
from trimtab.fakegithub.server import FakeGitHub
from trimtab.github import (
    app as apps,
)
from trimtab.github import (
    comments,
    deployments,
    hooks,
    keys,
    meta,
    organization,
    pulls,
    repository,
    statuses,
    user,
)
from trimtab.github.app import AppTokens, InstallationTokens
from trimtab.github.client import GitHub
from trimtab.github.contents import Proposal, commit_files, propose_files
from trimtab.github.endpoints import Endpoints
from trimtab.github.errors import BadToken, Forbidden, Invalid, NotFound
from trimtab.github.nouns import DeploymentStatus, Status
from trimtab.github.token import key_dies_with, kind_of
from trimtab.github.tokens import Given, TokenSource

REPO = "acme/infrastructure"
PERMISSIONS = {
    "administration": "write", "contents": "write", "pull_requests": "write", "statuses": "write",
    "deployments": "write", "repository_hooks": "write", "members": "read",
}  # fmt: skip


def public_key() -> str:
    return asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()


@pytest.fixture
async def fake() -> AsyncIterator[FakeGitHub]:
    async with FakeGitHub(StepClock(), validator=GitHubContract(), ssh=True) as fake:
        world = fake.world
        for login in ("ada", "bob", "eve"):
            world.user(login)
        world.organisation("acme", "bob", owners=("ada",), pending=("eve",))
        world.team("acme", "Platform", "bob")
        world.repository(REPO, files={"README.md": "# Infrastructure\n"})
        world.repository("acme/empty")
        yield fake


class Clients:
    """Clients of the fake, by who asks."""

    def __init__(self, fake: FakeGitHub) -> None:
        self.fake = fake

    def by(self, source: TokenSource) -> GitHub:
        endpoints = Endpoints(web=self.fake.url, api=self.fake.api_url)
        return GitHub(endpoints, source, clock=self.fake.world.clock)

    def person(self, login: str = "ada", *scopes: str) -> GitHub:
        return self.by(Given(self.fake.world.personal_token(login, *(scopes or ("repo", "admin:org")))))

    def app(self, found: GitHubApp, issuer: str = "") -> GitHub:
        return self.by(AppTokens(issuer or str(found.id), found.pem, clock=self.fake.world.clock))


@pytest.fixture
def clients(fake: FakeGitHub) -> Clients:
    return Clients(fake)


async def test_deploy_keys(clients: Clients) -> None:
    async with clients.person() as github:
        key = public_key()
        made = await keys.add_key(github, REPO, title="production", key=key)
        assert made.read_only
        assert [one.id for one in await keys.list_keys(github, REPO)] == [made.id]
        with pytest.raises(Invalid, match="key is already in use"):
            await keys.add_key(github, "acme/empty", title="again", key=key)
        await keys.delete_key(github, REPO, made.id)
        with pytest.raises(NotFound):
            await keys.delete_key(github, REPO, made.id)
    async with clients.person("bob") as github:
        with pytest.raises((NotFound, Forbidden)):
            await keys.add_key(github, REPO, title="production", key=key)


async def test_a_deploy_key_goes_with_the_token_that_made_it(fake: FakeGitHub, clients: Clients) -> None:
    token = fake.world.personal_token("ada", "repo")
    async with clients.by(Given(token)) as github:
        await keys.add_key(github, REPO, title="production", key=public_key())
    assert key_dies_with(kind_of(token))
    fake.world.forget(token)
    async with clients.person() as github:
        assert await keys.list_keys(github, REPO) == []
    async with clients.by(Given(token)) as github:
        with pytest.raises(BadToken):
            await user.get_user(github)


async def test_hooks(clients: Clients) -> None:
    async with clients.person() as github:
        made = await hooks.create_hook(github, REPO, url="https://hooks.example.com/", secret="s")
        assert made.config.secret != "s"
        with pytest.raises(Invalid, match="already exists"):
            await hooks.create_hook(github, REPO, url="https://hooks.example.com/", secret="s")
        changed = await hooks.update_hook(github, REPO, made.id, url="https://hooks.example.com/2", secret="t")
        assert changed.events == ("push",)
        await clients.fake.delivered()
        assert (await hooks.list_deliveries(github, REPO, made.id))[0].event == "ping"
        assert [one.id for one in await hooks.list_hooks(github, REPO)] == [made.id]
        await hooks.delete_hook(github, REPO, made.id)


async def test_people(clients: Clients) -> None:
    async with clients.person() as github:
        assert (await user.get_user(github)).login == "ada"
        assert github.seen.scopes == frozenset({"repo", "admin:org"})
        assert (await organization.get_organization(github, "acme")).login == "acme"
        assert (await organization.get_team(github, "acme", "platform")).name == "Platform"
        in_team = await organization.team_membership(github, "acme", "platform", login="bob")
        assert in_team and in_team.state == "active"
        assert await organization.team_membership(github, "acme", "platform", login="eve") is None
        found = await repository.get_repository(github, REPO)
        assert (found.full_name, found.private, found.permissions and found.permissions.admin) == (REPO, True, True)
        with pytest.raises(NotFound):
            await organization.get_team(github, "acme", "nobody")


async def test_host_keys(fake: FakeGitHub, clients: Clients) -> None:
    async with clients.by(Given()) as github:
        found = await meta.get_meta(github)
    assert fake.ssh is not None
    shown = {" ".join(line.split()[1:3]) for line in fake.ssh.known_hosts.splitlines()}
    assert shown <= {" ".join(key.split()[:2]) for key in found.ssh_keys}


async def test_an_app_from_its_manifest_to_its_tokens(fake: FakeGitHub, clients: Clients) -> None:
    registered = fake.world.github_app(
        "acme", default_permissions=PERMISSIONS, hook_attributes={"url": "https://hooks.example.com/old"}
    )
    async with clients.by(Given()) as github:
        made = await apps.convert_manifest(github, fake.world.conversion(registered))
        assert (made.id, made.pem) == (registered.id, registered.pem)
        with pytest.raises(NotFound):
            await apps.convert_manifest(github, "spent")
    async with clients.app(registered, made.client_id) as as_app:
        assert (await apps.get_app(as_app)).slug == made.slug
        with pytest.raises(NotFound):
            await apps.find_owner_installation(as_app, "acme")
        installed = fake.world.install(registered, "acme", repositories=("infrastructure",))
        assert (await apps.find_owner_installation(as_app, "acme")).id == installed.id
        assert (await apps.find_installation(as_app, "acme", "infrastructure")).id == installed.id
        await hooks.set_app_hook(as_app, url="https://hooks.example.com/", secret="s")
        assert (await hooks.get_app_hook(as_app)).url == "https://hooks.example.com/"
        await fake.delivered()
        assert (await hooks.list_app_deliveries(as_app))[-1].event == "ping"
        tokens = InstallationTokens(
            as_app, installed.id, repositories=["infrastructure"], permissions={"contents": "read"}
        )
        async with clients.by(tokens) as reader:
            assert (await repository.get_repository(reader, REPO)).name == "infrastructure"
            with pytest.raises(Forbidden, match="administration=read"):
                await keys.list_keys(reader, REPO)
            with pytest.raises(NotFound):
                await repository.get_repository(reader, "acme/empty")
        greedy = InstallationTokens(as_app, installed.id, permissions={"checks": "write"})
        with pytest.raises(Invalid, match="not granted to this installation"):
            await greedy.token()
        await apps.delete_installation(as_app, installed.id)


async def test_files_by_commit_and_by_pull_request(clients: Clients) -> None:
    async with clients.person() as github:
        files = {"README.md": "# New\n", "production/a.yaml": "a: ä\n", "production/b/c.yaml": "c: 1\n"}
        first = await commit_files(github, REPO, branch="main", files=files, message="Set up")
        assert first
        assert await commit_files(github, REPO, branch="main", files=files, message="Set up") is None
        gone = {**files, "README.md": None, "production/b/c.yaml": None}
        assert await commit_files(github, REPO, branch="main", files=gone, message="Take down")
        read = await github.get(f"/repos/{REPO}/contents/production/a.yaml", dict[str, Any])
        assert base64.b64decode(read["content"]).decode() == "a: ä\n"
        with pytest.raises(NotFound):
            await github.get(f"/repos/{REPO}/contents/README.md", dict[str, Any])
        assert await commit_files(github, "acme/empty", branch="main", files=files, message="Begin")
        proposal = Proposal(base="main", branch="trimtab/x", files=files, message="m", title="Set up", body="b")
        opened = await propose_files(github, REPO, proposal)
        again = await propose_files(github, REPO, proposal)
        assert opened and again and opened.number == again.number
        await github.put(f"/repos/{REPO}/pulls/{opened.number}/merge", dict[str, Any], body={})
        assert await propose_files(github, REPO, proposal) is None


async def test_a_protected_branch_is_an_error(fake: FakeGitHub, clients: Clients) -> None:
    fake.world.protect(REPO, "main")
    async with clients.person() as github:
        with pytest.raises((Invalid, Forbidden)):
            await commit_files(github, REPO, branch="main", files={"a": "b"}, message="m")


async def test_feedback(fake: FakeGitHub, clients: Clients) -> None:
    async with clients.person() as github:
        proposal = Proposal(base="main", branch="change", files={"a": "b\n"}, message="m", title="t", body="")
        pull = await propose_files(github, REPO, proposal)
        assert pull
        sha = pull.head.sha
        assert [one.number for one in await pulls.pulls_of_commit(github, REPO, sha)] == [pull.number]
        wanted = Status("pending", "trimtab/production/shop", "d" * 200, "https://argocd.acme.example/")
        await statuses.set_status(github, REPO, sha, status=wanted)
        found = await statuses.find_status(github, REPO, sha, context=wanted.context)
        assert found and found.state == "pending"
        deployment = deployments.Wanted(sha=sha, environment="production", task="deploy:shop")
        made = await deployments.create_deployment(github, REPO, deployment)
        at = DeploymentStatus("success", "ok", environment_url="https://x.example", log_url="https://x.example")
        await deployments.set_deployment_status(github, REPO, made.id, status=at)
        assert await deployments.find_deployment(github, REPO, deployment) == made
        (state,) = await deployments.list_deployment_statuses(github, REPO, made.id)
        assert state.state == "success"
        for body in ("<!-- m -->1", "<!-- m -->2"):
            comment = await comments.find_comment(github, REPO, pull.number, marker="<!-- m -->", author="ada")
            await comments.write_comment(github, REPO, pull.number, found=comment, body=body)
        (kept,) = fake.world.repositories[REPO].comments
        assert kept.body == "<!-- m -->2"
