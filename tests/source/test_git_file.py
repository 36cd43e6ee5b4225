"""Local repositories: every kind of revision, what changes under us, and what is missing."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.repos import GitRepo
from trimtab.clock import SystemClock
from trimtab.errors import Retry, Stalled, TrimtabError
from trimtab.model.repository import RepositoryAccess
from trimtab.source.checkout import same_content
from trimtab.source.credentials import remove_leftovers
from trimtab.source.git import GitStore


async def failure(store: GitStore, url: str, revision: str = "main", path: str = "") -> TrimtabError:
    with pytest.raises(TrimtabError) as caught:
        await store.checkout(RepositoryAccess(url=url), revision, path)
    return caught.value


@pytest.mark.parametrize("spelling", ["{}", "file://{}", "{}/", "file://localhost{}", " {} "])
async def test_a_commit_is_resolved_fetched_and_read(repo: GitRepo, store: GitStore, spelling: str) -> None:
    checkout = await store.checkout(RepositoryAccess(url=spelling.format(repo.path)), "main", "app/")
    assert (checkout.revision, checkout.path, checkout.url) == (repo.sha(), "app", repo.url)
    assert checkout.read("app/cm.yaml") == b"value: 1\n"
    assert checkout.tree_id("app") == repo.tree_sha("app")


async def test_each_kind_of_revision(repo: GitRepo, store: GitStore) -> None:
    first = repo.sha()
    repo.tag("v1.2.0")
    second = repo.commit({"app/cm.yaml": "value: 2\n"})
    repo.tag("v1.2.9", annotated=True)
    repo.tag("team/2.0.0")
    third = repo.commit({"app/cm.yaml": "value: 3\n"})
    repo.tag("v1.3.0-rc.1")
    repo.branch("release/1", second)
    repo.ref("refs/pull/7/head", first)
    expected = {
        "": third,
        "HEAD": third,
        "main": third,
        "refs/heads/main": third,
        "heads/main": third,
        "release/1": second,
        "v1.2.0": first,
        "v1.2.9": second,
        "refs/tags/v1.2.9": second,
        "tags/v1.2.9": second,
        "1.2.*": second,
        ">=1.0 <2": second,
        "^1.2": second,
        "~1.2.0": second,
        ">=1.3.0-0": third,
        "refs/pull/7/head": first,
        first: first,
        first.upper(): first,
        first[:7]: first,
        second[:12]: second,
    }
    access = RepositoryAccess(url=repo.url)
    assert {revision: await store.resolve(access, revision) for revision in expected} == expected
    assert await store.resolve(access, "2.x", tag_prefix="team/") == second


async def test_a_tag_wins_over_nothing_and_a_branch_over_a_tag(repo: GitRepo, store: GitStore) -> None:
    """The order of Argo CD: range, branch, tag, short SHA."""
    first = repo.sha()
    second = repo.commit({"a": "2"})
    repo.branch("1.x", first)
    repo.tag("both", second)
    repo.branch("both", first)
    repo.branch(second[:8], first)
    access = RepositoryAccess(url=repo.url)
    assert await store.resolve(access, "1.x") == first
    repo.tag("1.5.0", second)
    assert await store.resolve(access, "1.x") == second
    assert await store.resolve(access, "both") == first
    assert await store.resolve(access, second[:8]) == first


async def test_the_next_commit_is_seen_and_what_it_changes(repo: GitRepo, store: GitStore) -> None:
    access = RepositoryAccess(url=repo.url)
    repo.commit({"other/cm.yaml": "one\n"})
    old = await store.checkout(access, "HEAD", "app")
    repo.commit({"other/cm.yaml": "two\n"})
    new = await store.checkout(access, "HEAD", "app")
    assert new.read("other/cm.yaml") == b"two\n"
    assert old.read("other/cm.yaml") == b"one\n"
    assert same_content(old, new, ["app"])
    assert not same_content(old, new, ["app", "other"])


async def test_a_force_push_and_a_deleted_branch_are_followed(repo: GitRepo, store: GitStore) -> None:
    access = RepositoryAccess(url=repo.url)
    first = repo.sha()
    repo.branch("topic")
    repo.commit({"app/cm.yaml": "value: 2\n"})
    old = await store.checkout(access, "main", "app")
    forced = repo.commit({"app/cm.yaml": "value: 3\n"}, force_from="")
    repo.delete_branch("topic")
    repo.branch("topic/a", forced)
    assert await store.resolve(access, "main") == forced
    assert await store.resolve(access, "topic/a") == forced
    assert old.read("app/cm.yaml") == b"value: 2\n"
    assert await store.resolve(access, first) == first
    assert (await failure(store, repo.url, "topic")).reason == "RevisionNotFound"


async def test_a_commit_that_no_branch_leads_to_is_fetched_by_its_sha(repo: GitRepo, store: GitStore) -> None:
    lost = repo.commit({"app/cm.yaml": "value: 2\n"})
    repo.commit({"app/cm.yaml": "value: 3\n"}, force_from="")
    checkout = await store.checkout(RepositoryAccess(url=repo.url), lost, "app")
    assert checkout.read("app/cm.yaml") == b"value: 2\n"


async def test_a_commit_that_is_here_needs_no_remote(repo: GitRepo, store: GitStore) -> None:
    access = RepositoryAccess(url=repo.url)
    sha = await store.resolve(access, "main")
    repo.path.rename(repo.path.with_name("gone.git"))
    assert (await store.checkout(access, sha, "app")).read("app/cm.yaml") == b"value: 1\n"
    error = await failure(store, repo.url, "main")
    assert error.reason == "RepositoryNotFound"


async def test_a_repository_of_a_project_has_a_mirror_of_its_own(
    repo: GitRepo, store: GitStore, tmp_path: Path
) -> None:
    for project in ("", "../../team", "other"):
        await store.resolve(RepositoryAccess(url=repo.url, project=project), "main")
    mirrors = list((tmp_path / "cache").glob("*/*/1/HEAD"))
    everywhere = [path for path in tmp_path.rglob("HEAD") if path.parent.name == "1"]
    assert len(mirrors) == len(everywhere) == 3


UNKNOWN = [
    ("nope", "revision 'nope' is no branch, tag or commit of it; push it, or correct targetRevision"),
    ("refs/pull/9/head", "revision 'refs/pull/9/head' is no branch, tag or commit of it; push it, or correct target"),
    ("0" * 39 + "1", f"revision '{'0' * 39}1' is no branch, tag or commit of it; push it, or correct targetRevision"),
    ("0000001", "revision '0000001' is no branch, tag or commit of it; push it, or correct targetRevision"),
    ("9.*", "no tag is in the version range '9.*' and no branch has that name; push such a tag, or correct target"),
    ("a b", "revision 'a b' is no branch, tag or commit of it"),
    ("../../x", "revision '../../x' is no branch, tag or commit of it"),
    ("refs/x y:z", "revision 'refs/x y:z' is no branch, tag or commit of it"),
    ("refs/*", "revision 'refs/*' is no branch, tag or commit of it"),
    ("refs/trimtab/HEAD", "revision 'refs/trimtab/HEAD' is no branch, tag or commit of it"),
    ("trimtab/HEAD", "revision 'trimtab/HEAD' is no branch, tag or commit of it"),
    ("main^", "revision 'main^' is no branch, tag or commit of it"),
    ("--upload-pack=touch /tmp/owned", "revision '--upload-pack=touch /tmp/owned' is no branch, tag or commit of it"),
]


@pytest.mark.parametrize(("revision", "words"), UNKNOWN)
async def test_an_unknown_revision_is_named(repo: GitRepo, store: GitStore, revision: str, words: str) -> None:
    error = await failure(store, repo.url, revision)
    assert (type(error), error.reason) == (Stalled, "RevisionNotFound")
    assert error.message.startswith(f"{repo.url}: {words}")


async def test_an_empty_repository_and_a_head_without_branch(
    root: Path, repo: GitRepo, store: GitStore, tmp_path: Path
) -> None:
    empty = GitRepo(root / "empty.git")
    error = await failure(store, empty.url)
    assert (type(error), error.reason) == (Stalled, "EmptyRepository")
    assert error.message == (
        f"{empty.url}: the repository is empty, or what answers there is no Git server; push a first commit or "
        "correct repoURL"
    )
    sha = empty.commit({"a": "1"})
    assert await store.resolve(RepositoryAccess(url=empty.url), "HEAD") == sha
    repo.set_default_branch("not-there")
    assert await store.resolve(RepositoryAccess(url=repo.url), "refs/heads/main")
    error = await failure(store, repo.url, "HEAD")
    assert error.reason == "RevisionNotFound"
    assert "its HEAD names no branch that exists; set its default branch, or name a branch" in error.message


PATHS = [
    ("nope", "nope: app path does not exist in {url} at {sha}; commit it or correct the path"),
    ("app/cm.yaml", "app/cm.yaml: app path is not a directory in {url} at {sha}; commit it or correct the path"),
    ("app/cm.yaml/x", "app/cm.yaml/x: app path does not exist in {url} at {sha}; commit it or correct the path"),
    ("../app", "../app: app path is outside the repository {url}; write a path relative to its root"),
    ("/app", "/app: app path is outside the repository {url}; write a path relative to its root"),
]


@pytest.mark.parametrize(("path", "message"), PATHS)
async def test_a_wrong_path_is_named(repo: GitRepo, store: GitStore, path: str, message: str) -> None:
    error = await failure(store, repo.url, "main", path)
    assert (type(error), error.reason) == (Stalled, "PathNotFound")
    assert error.message == message.format(url=repo.url, sha=repo.sha()[:12])


async def test_the_root_is_a_path(repo: GitRepo, store: GitStore) -> None:
    for path in ("", ".", "./", "app/.."):
        assert (await store.checkout(RepositoryAccess(url=repo.url), "main", path)).path == ""


async def test_what_is_no_repository_is_named(store: GitStore, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    for name in ("missing", "plain"):
        error = await failure(store, f"file://{tmp_path}/{name}")
        assert (type(error), error.reason) == (Stalled, "RepositoryNotFound")
        assert error.message.startswith(f"file://{tmp_path}/{name}: there is no Git repository at this address;")


async def test_a_repository_with_a_worktree_can_be_followed(store: GitStore, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    make_worktree(folder)
    access = RepositoryAccess(url=str(folder))
    assert (await store.checkout(access, "", "")).read("file") == b"content\n"


async def test_hooks_and_configuration_of_the_user_are_not_used(
    repo: GitRepo, store: GitStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[url "file:///nowhere/"]\n\tinsteadOf = {repo.url}\n[core]\n\tpager = false\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "broken")
    assert await store.resolve(RepositoryAccess(url=repo.url), "main") == repo.sha()


def make_worktree(folder: Path, *options: str) -> None:
    folder.mkdir()
    (folder / "file").write_text("content\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q", *options], ["add", "."], [*who, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


async def test_what_this_machine_lacks_is_named(repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    blocked = GitStore(tmp_path / "file" / "cache", clock=SystemClock())
    error = await failure(blocked, repo.url)
    assert isinstance(error, Retry)
    assert error.message.startswith(f"{repo.url}: cannot write {tmp_path}/file/cache/")
    assert error.message.endswith(": Not a directory; make room or correct its permissions")
    monkeypatch.setenv("PATH", str(tmp_path))
    error = await failure(GitStore(tmp_path / "cache", clock=SystemClock()), repo.url)
    assert (type(error), error.message) == (Stalled, f"{repo.url}: git is not installed on this machine; install it")


async def test_a_repository_of_sha_256_is_refused_in_words(store: GitStore, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    make_worktree(folder, "--object-format=sha256")
    error = await failure(store, str(folder), "HEAD")
    assert (type(error), error.reason) == (Stalled, "ObjectFormatNotSupported")
    assert error.message.endswith("unknown object format 'sha256'); convert it to SHA-1")


async def test_files_of_a_killed_process_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for process in (os.getpid(), 2**22 + 1, os.getppid()):
        (tmp_path / f"trimtab-git-{process}-x").mkdir()
        (tmp_path / f"trimtab-git-{process}-x" / "key").write_text("secret")
    remove_leftovers.cache_clear()
    for _ in range(2):
        remove_leftovers()
    assert [path.name for path in tmp_path.iterdir()] == [f"trimtab-git-{os.getppid()}-x"]
