"""Fetching as a GitHub App: a scripted API that hands out tokens, a real Git server that asks for them."""

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.clocks import SwiftClock
from tests.repos import GitRepo
from tests.servers.app_key import app_key
from tests.servers.http_git import HttpGit
from tests.servers.scripted import Reply, Scripted
from tests.servers.ssh_git import SshGit
from trimtab.clock import rfc3339
from trimtab.errors import Retry, Stalled
from trimtab.model.repository import GitHubAppLogin, RepositoryAccess
from trimtab.source.git import GitStore
from trimtab.source.listing import list_refs

KEY = app_key()
MINT = "POST /app/installations/7/access_tokens"
BROKEN = Reply.json({"message": "no"}, 503)


@pytest.fixture
def clock() -> SwiftClock:
    return SwiftClock()


@pytest.fixture
async def api(clock: SwiftClock) -> AsyncIterator[Scripted]:
    async with Scripted() as server:
        server.answer(MINT, minted(clock, "ghs_1"))
        yield server


@pytest.fixture
def repo(root: Path) -> GitRepo:
    repo = GitRepo(root / "acme" / "infra.git")
    repo.commit({"app/cm.yaml": "value: 1\n"}, "first")
    return repo


@pytest.fixture
async def git(root: Path) -> AsyncIterator[HttpGit]:
    async with HttpGit(root, login=("x-access-token", "ghs_1")) as server:
        yield server


@pytest.fixture
async def store(tmp_path: Path, clock: SwiftClock) -> AsyncIterator[GitStore]:
    store = GitStore(tmp_path / "cache", clock=clock, deadline=20.0)
    yield store
    await store.close()


@pytest.fixture
def login(api: Scripted) -> GitHubAppLogin:
    return GitHubAppLogin(app_id="12", private_key=KEY, installation_id="7", base_url=api.url)


@pytest.fixture
def access(git: HttpGit, login: GitHubAppLogin) -> RepositoryAccess:
    return RepositoryAccess(url=git.url("acme/infra.git"), github_app=login)


def minted(clock: SwiftClock, token: str, *, minutes: int = 60) -> Reply:
    return Reply.json({"token": token, "expires_at": rfc3339(clock.now() + dt.timedelta(minutes=minutes))}, 201)


async def test_a_token_is_minted_for_this_repository_and_reused(
    api: Scripted, repo: GitRepo, store: GitStore, access: RepositoryAccess
) -> None:
    assert await store.resolve(access, "main") == repo.sha()
    second = repo.commit({"app/cm.yaml": "value: 2\n"})
    assert await store.resolve(access, "main") == second
    listing = await list_refs(access, logins=store.logins)
    assert listing.head == second
    (asked,) = api.got(MINT)
    assert asked.json() == {"permissions": {"contents": "read"}, "repositories": ["infra"]}


async def test_it_is_renewed_before_it_ends(
    api: Scripted, repo: GitRepo, store: GitStore, access: RepositoryAccess, git: HttpGit, clock: SwiftClock
) -> None:
    await store.resolve(access, "main")
    clock.step(45 * 60)
    api.answer(MINT, minted(clock, "ghs_2"))
    git.expect("x-access-token", "ghs_2")
    second = repo.commit({"app/cm.yaml": "value: 2\n"})
    assert await store.resolve(access, "main") == second


async def test_one_that_was_revoked_is_replaced(
    api: Scripted, repo: GitRepo, store: GitStore, access: RepositoryAccess, git: HttpGit, clock: SwiftClock
) -> None:
    await store.resolve(access, "main")
    api.answer(MINT, minted(clock, "ghs_2"))
    git.expect("x-access-token", "ghs_2")
    second = repo.commit({"app/cm.yaml": "value: 2\n"})
    assert await store.resolve(access, "main") == second


async def test_the_installation_is_found_where_none_is_named(
    api: Scripted, repo: GitRepo, store: GitStore, access: RepositoryAccess, login: GitHubAppLogin
) -> None:
    api.answer("GET /repos/acme/infra/installation", Reply.json({"id": 7, "account": None, "permissions": {}}))
    assert await store.resolve(replace(access, github_app=replace(login, installation_id="")), "main") == repo.sha()


FAILURES: list[tuple[Reply, type[Exception], str, str]] = [
    (Reply.json({"message": "Not Found"}, 404), Stalled, "GitHubNotFound", "install the App for this repository"),
    (Reply.json({"message": "no"}, 401), Stalled, "GitHubTokenRefused", "githubAppPrivateKey is one of its keys"),
    (Reply.json({"message": "suspended"}, 403), Stalled, "GitHubForbidden", "the installation may be suspended"),
    (Reply.json({"message": "not accessible"}, 422), Stalled, "GitHubInvalid", "reach this repository"),
    (BROKEN, Retry, "GitHubUnavailable", "GitHub failed"),
]


@pytest.mark.parametrize(("reply", "kind", "reason", "says"), FAILURES)
async def test_failures_to_log_in_are_named(
    api: Scripted,
    repo: GitRepo,
    store: GitStore,
    access: RepositoryAccess,
    reply: Reply,
    kind: type[Exception],
    reason: str,
    says: str,
) -> None:
    api.answer(MINT, reply)
    with pytest.raises((Stalled, Retry)) as failed:
        await store.resolve(access, "main")
    assert (type(failed.value), failed.value.reason) == (kind, reason)
    assert failed.value.message.startswith(f"{access.url}: logging in as GitHub App 12: ")
    assert says in failed.value.message


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"app_id": ""}, "githubAppID is missing"),
        ({"private_key": ""}, "githubAppPrivateKey is missing"),
        ({"base_url": ""}, "githubAppEnterpriseBaseUrl is missing"),
        ({"installation_id": "seven"}, "githubAppInstallationID is no number"),
        ({"private_key": "junk"}, "not an RSA key in PEM"),
        ({"base_url": "http://ghe.example.com"}, "allowed on loopback only"),
    ],
)
async def test_what_is_wrong_with_the_secret_is_said(
    store: GitStore, access: RepositoryAccess, login: GitHubAppLogin, change: dict[str, Any], says: str
) -> None:
    with pytest.raises(Stalled, match=says) as failed:
        await store.resolve(replace(access, github_app=replace(login, **change)), "main")
    assert "junk" not in failed.value.message


async def test_an_app_has_no_key_for_ssh(store: GitStore, login: GitHubAppLogin) -> None:
    with pytest.raises(Stalled, match="write the repository's https URL"):
        await store.resolve(RepositoryAccess(url="git@github.com:acme/infra.git", github_app=login), "main")


async def test_a_password_counts_before_the_app(
    api: Scripted, repo: GitRepo, store: GitStore, access: RepositoryAccess, git: HttpGit
) -> None:
    git.expect("ada", "secret")
    assert await store.resolve(replace(access, username="ada", password="secret"), "main") == repo.sha()
    assert api.requests == []


async def test_the_deploy_key_stands_in_for_the_app_and_the_app_for_the_key(
    api: Scripted, repo: GitRepo, store: GitStore, access: RepositoryAccess, root: Path, clock: SwiftClock
) -> None:
    async with SshGit(root) as ssh:
        key = RepositoryAccess(
            url=ssh.url("acme/infra.git"), ssh_private_key=ssh.add_key(), known_hosts=ssh.known_hosts
        )
        api.answer(MINT, Reply.json({"message": "Not Found"}, 404))
        assert await store.resolve(replace(access, fallback=key), "main") == repo.sha()
        assert "install the App" in store.fetches.fell_back[access.url]
        api.answer(MINT, minted(clock, "ghs_1"))
        second = repo.commit({"app/cm.yaml": "value: 2\n"})
        assert await store.resolve(replace(access, fallback=key), "main") == second
        assert store.fetches.fell_back == {}
        ssh.forget_keys()
        assert await store.resolve(replace(key, fallback=access), "main") == second
        assert "the server refused the SSH key" in store.fetches.fell_back[key.url]


async def test_both_refused_is_one_error(
    api: Scripted, repo: GitRepo, store: GitStore, access: RepositoryAccess, root: Path
) -> None:
    api.answer(MINT, Reply.json({"message": "Not Found"}, 404))
    async with SshGit(root) as ssh:
        key = RepositoryAccess(url=ssh.url("acme/infra.git"), ssh_private_key="", known_hosts=ssh.known_hosts)
        with pytest.raises(Stalled, match=r"install the App .*; and by its other URL: ssh://.*refused the SSH key"):
            await store.resolve(replace(access, fallback=key), "main")


async def test_a_host_key_that_is_not_known_is_no_reason_to_fall_back(
    api: Scripted, repo: GitRepo, store: GitStore, access: RepositoryAccess, root: Path
) -> None:
    async with SshGit(root) as ssh:
        key = RepositoryAccess(url=ssh.url("acme/infra.git"), ssh_private_key=ssh.add_key(), fallback=access)
        with pytest.raises(Stalled) as failed:
            await store.resolve(key, "main")
    assert failed.value.reason == "HostKeyUnknown"
    assert api.requests == []
