"""The references and short SHAs of a real repository."""

import hashlib
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ObjectType

from tests.repos import GitRepo
from trimtab.source.refs import RepositoryRefs


def commit_bytes(tree: str, number: int) -> bytes:
    who = f"Ada <ada@example.org> {number} +0000"
    return f"tree {tree}\nauthor {who}\ncommitter {who}\n\nmessage\n".encode()


def object_id(kind: str, data: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()


def same_start(repo: GitRepo, kinds: tuple[str, str]) -> tuple[str, str]:
    """Two objects of these kinds whose ids have the same first seven digits, found by trying."""
    git = pygit2.Repository(str(repo.path))
    tree = repo.tree_sha()
    seen: dict[str, bytes] = {}
    for number in range(200_000):
        first, second = (
            commit_bytes(tree, number) if kind == "commit" else f"blob {number}".encode() for kind in kinds
        )
        seen.setdefault(object_id(kinds[0], first)[:7], first)
        other = seen.get(object_id(kinds[1], second)[:7])
        if other is not None and (kinds[0] != kinds[1] or other != second):
            types = {"commit": ObjectType.COMMIT, "blob": ObjectType.BLOB}
            return str(git.odb.write(types[kinds[0]], other)), str(git.odb.write(types[kinds[1]], second))
    raise AssertionError("no two ids start alike")


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "repo.git")
    repo.commit({"a": "1"})
    return repo


def refs_of(repo: GitRepo) -> RepositoryRefs:
    return RepositoryRefs(pygit2.Repository(str(repo.path)), head="HEAD")


def test_a_short_sha_of_two_commits_gives_both(repo: GitRepo) -> None:
    pair = same_start(repo, ("commit", "commit"))
    assert sorted(refs_of(repo).starting_with(pair[0][:7])) == sorted(pair)
    assert refs_of(repo).starting_with(pair[0][:12]) == (pair[0],)


def test_a_short_sha_of_a_commit_and_a_file_means_the_commit(repo: GitRepo) -> None:
    commit, file = same_start(repo, ("commit", "blob"))
    assert refs_of(repo).starting_with(commit[:7]) == (commit,)
    assert refs_of(repo).starting_with(file[:12]) == ()
    assert refs_of(repo).starting_with("0" * 7) == ()


def test_references_are_peeled_to_commits(repo: GitRepo) -> None:
    sha = repo.tag("v1", annotated=True)
    refs = refs_of(repo)
    assert refs.commit("refs/tags/v1") == refs.commit("HEAD") == refs.commit("refs/heads/main") == sha
    assert refs.commit("refs/heads/nope") is refs.commit("not a name") is refs.commit("refs/trimtab/HEAD") is None
    assert list(refs.tags()) == ["v1"]
    assert not refs.empty()


def test_a_repository_without_references_is_empty(tmp_path: Path) -> None:
    refs = refs_of(GitRepo(tmp_path / "empty.git"))
    assert refs.empty()
    assert refs.commit("HEAD") is None
