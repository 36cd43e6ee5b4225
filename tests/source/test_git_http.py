"""Git over HTTP and HTTPS: logins, certificates, redirects, and what servers get wrong."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.repos import GitRepo
from tests.servers.authority import Authority
from tests.servers.http_git import HttpGit
from trimtab.errors import Retry, Stalled, TrimtabError
from trimtab.model.repository import RepositoryAccess
from trimtab.source.git import GitStore

SECRET = "s3cr3t/+ü"


async def failure(store: GitStore, access: RepositoryAccess, revision: str = "main") -> TrimtabError:
    with pytest.raises(TrimtabError) as caught:
        await store.resolve(access, revision)
    assert "\n" not in caught.value.message
    assert SECRET not in caught.value.message
    return caught.value


async def test_an_open_repository_is_fetched_and_followed(repo: GitRepo, root: Path, store: GitStore) -> None:
    async with HttpGit(root) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        assert (await store.checkout(access, "main", "app")).read("app/cm.yaml") == b"value: 1\n"
        second = repo.commit({"app/cm.yaml": "value: 2\n"})
        before = server.fetches
        new = await store.checkout(access, "main", "app")
        assert (new.revision, new.read("app/cm.yaml"), server.fetches - before) == (second, b"value: 2\n", 1)


LOGINS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"login": ("ada", SECRET)}, "", {"username": "ada", "password": SECRET}),
    ({"login": ("x-access-token", SECRET)}, "", {"password": SECRET}),
    ({"login": ("ada", "plain")}, "ada:plain@", {}),
    ({"login": ("token", "")}, "token@", {}),
    ({"bearer": "t0ken"}, "", {"bearer_token": "t0ken"}),
]


@pytest.mark.parametrize(("expected", "userinfo", "given"), LOGINS)
async def test_each_kind_of_login_is_accepted(
    repo: GitRepo,
    root: Path,
    store: GitStore,
    tmp_path: Path,
    expected: dict[str, Any],
    userinfo: str,
    given: dict[str, Any],
) -> None:
    async with HttpGit(root, **expected) as server:
        checkout = await store.checkout(RepositoryAccess(url=server.url("app.git", userinfo=userinfo), **given), "main")
    assert checkout.revision == repo.sha()
    assert checkout.url == server.url("app.git")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert not any(secret.encode() in everything for secret in (SECRET, "plain", "t0ken"))


async def test_refused_credentials_are_named_and_redacted(repo: GitRepo, root: Path, store: GitStore) -> None:
    async with HttpGit(root, login=("ada", "right")) as server:
        url = server.url("app.git")
        error = await failure(store, RepositoryAccess(url=url, username="ada", password=SECRET))
        assert isinstance(error, Stalled)
        assert error.reason == "AuthenticationFailed"
        assert error.message.startswith(
            f"{url}: the server refused the credentials (401); correct username, password or bearerToken in the "
            "repository Secret ("
        )
        none = await failure(store, RepositoryAccess(url=url))
        assert none.reason == "AuthenticationFailed"


ANSWERS = [
    (403, Stalled, "AuthenticationFailed", "forbids access with these credentials (403)"),
    (404, Stalled, "RepositoryNotFound", "has no such repository, or hides it from these credentials"),
    (429, Retry, "RateLimited", "limits the rate of requests (429)"),
    (500, Retry, "ServerFailed", "the server failed"),
    (503, Retry, "ServerFailed", "the server failed"),
    ("garbage", Retry, "Unreachable", "cannot be reached or does not speak Git"),
    ("drop", Retry, "Unreachable", "cannot be reached or does not speak Git"),
]


@pytest.mark.parametrize(("how", "kind", "reason", "words"), ANSWERS)
async def test_what_a_server_answers_is_explained_and_passes(
    repo: GitRepo, root: Path, store: GitStore, how: int | str, kind: type[TrimtabError], reason: str, words: str
) -> None:
    async with HttpGit(root) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        server.misbehave = how
        error = await failure(store, access)
        assert (type(error), error.reason) == (kind, reason)
        assert error.message.startswith(f"{access.url}: ")
        assert words in error.message
        server.misbehave = None
        assert await store.resolve(access, "main") == repo.sha()


async def test_a_server_that_hangs_is_given_up_at_the_deadline(
    repo: GitRepo, root: Path, stores: Callable[..., GitStore]
) -> None:
    store = stores(deadline=0.5)
    async with HttpGit(root) as server:
        access = RepositoryAccess(url=server.url("app.git"))
        await store.resolve(access, "main")
        server.misbehave = "hang"
        error = await failure(store, access)
        assert isinstance(error, Retry)
        assert error.message == f"{access.url}: the server did not deliver within 0.5 s and git was stopped"
        server.misbehave = None
        assert await store.resolve(access, "main") == repo.sha()


async def test_an_unreachable_server_is_named(store: GitStore) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/app.git"
        error = await failure(store, RepositoryAccess(url=url))
    assert isinstance(error, Retry)
    assert error.reason == "Unreachable"
    assert error.message.startswith(f"{url}: the server cannot be reached or does not speak Git (fatal: unable to")


async def test_an_unknown_host_is_named(store: GitStore) -> None:
    error = await failure(store, RepositoryAccess(url="https://no-such-host.invalid/app.git"))
    assert (type(error), error.reason) == (Retry, "Unreachable")
    assert "the server's name is not known; check repoURL and DNS" in error.message


async def test_an_unknown_repository_is_named(repo: GitRepo, root: Path, store: GitStore) -> None:
    async with HttpGit(root) as server:
        error = await failure(store, RepositoryAccess(url=server.url("other.git")))
    assert (type(error), error.reason) == (Stalled, "RepositoryNotFound")


async def test_credentials_follow_a_redirect_on_the_same_host_only(repo: GitRepo, root: Path, store: GitStore) -> None:
    async with HttpGit(root, login=("ada", SECRET)) as server, HttpGit(root) as thief:
        access = RepositoryAccess(url=server.url("old/app.git"), username="ada", password=SECRET)
        server.misbehave = f"redirect:{thief.url('')[:-1]}"
        error = await failure(store, access)
        assert (type(error), error.reason) == (Stalled, "Redirected")
        assert "put the address it leads to in repoURL" in error.message
        assert thief.requests == []


async def test_a_redirect_within_the_host_is_followed_with_credentials(
    repo: GitRepo, root: Path, store: GitStore
) -> None:
    async with HttpGit(root, login=("ada", SECRET)) as server:
        server.move("moved.git", to="app.git")
        access = RepositoryAccess(url=server.url("moved.git"), username="ada", password=SECRET)
        assert await store.resolve(access, "main") == repo.sha()
        before = server.fetches
        assert await store.resolve(access, "main") == repo.sha()
        assert server.fetches - before == 1


async def test_an_open_repository_may_redirect_to_another_host(repo: GitRepo, root: Path, store: GitStore) -> None:
    async with HttpGit(root) as old, HttpGit(root) as new:
        old.misbehave = f"redirect:{new.url('')[:-1]}"
        assert await store.resolve(RepositoryAccess(url=old.url("app.git")), "main") == repo.sha()


async def test_certificates_are_checked_against_the_given_authority(
    repo: GitRepo, root: Path, store: GitStore, tmp_path: Path
) -> None:
    authority = Authority()
    async with HttpGit(root, tls=authority.server(tmp_path, "127.0.0.1")) as server:
        url = server.url("app.git")
        error = await failure(store, RepositoryAccess(url=url))
        assert (type(error), error.reason) == (Stalled, "CertificateNotTrusted")
        assert "is not trusted; add its CA to ConfigMap argocd-tls-certs-cm" in error.message
        other = await failure(store, RepositoryAccess(url=url, ca_pem=Authority("other").pem))
        assert other.reason == "CertificateNotTrusted"
        assert await store.resolve(RepositoryAccess(url=url, ca_pem=authority.pem), "main") == repo.sha()
        assert await store.resolve(RepositoryAccess(url=url, insecure=True), "main") == repo.sha()


async def test_a_client_certificate_is_presented(repo: GitRepo, root: Path, store: GitStore, tmp_path: Path) -> None:
    authority = Authority()
    client = authority.issue("client")
    async with HttpGit(root, tls=authority.server(tmp_path, "127.0.0.1", ask_client=True)) as server:
        access = RepositoryAccess(
            url=server.url("app.git"),
            ca_pem=authority.pem,
            tls_client_cert=client.certificate,
            tls_client_key=client.key,
        )
        assert await store.resolve(access, "main") == repo.sha()
        without = await failure(store, RepositoryAccess(url=access.url, ca_pem=authority.pem))
        assert isinstance(without, Retry)


async def test_a_proxy_is_used_unless_the_host_is_exempt(repo: GitRepo, root: Path, store: GitStore) -> None:
    async with HttpGit(root) as server, HttpGit(root) as proxy:
        proxied = RepositoryAccess(url=server.url("app.git"), proxy=proxy.url("").rstrip("/"))
        assert await store.resolve(proxied, "main") == repo.sha()
        assert (server.fetches, proxy.fetches) == (0, 1)
        exempt = RepositoryAccess(url=proxied.url, proxy=proxied.proxy, no_proxy="127.0.0.1")
        assert await store.resolve(exempt, "main") == repo.sha()
        assert (server.fetches, proxy.fetches) == (1, 1)
