"""The repository builder that other tests stand on."""

import subprocess
from pathlib import Path

from tests.repos import Gitlink, GitRepo, Link


def git(repo: GitRepo, *args: str) -> str:
    return subprocess.run(["git", "-C", str(repo.path), *args], check=True, capture_output=True, text=True).stdout


def test_commits_branches_and_tags_are_what_git_sees(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo.git")
    first = repo.commit(
        {"app/cm.yaml": "a: 1\n", "app/sub/x.yaml": b"x\n", "link": Link("app"), "vendor": Gitlink("1" * 40)}
    )
    second = repo.commit({"app/cm.yaml": "a: 2\n", "app/sub": None}, "second")
    repo.tag("v1", first, annotated=True)
    repo.branch("release", "v1")

    assert git(repo, "log", "--format=%H %s", "main").splitlines() == [f"{second} second", f"{first} change"]
    assert git(repo, "ls-tree", "-r", "--name-only", "main").split() == ["app/cm.yaml", "link", "vendor"]
    assert git(repo, "show", "main:app/cm.yaml") == "a: 2\n"
    assert git(repo, "rev-parse", "v1^{commit}", "release").split() == [first, first]
    assert git(repo, "fsck", "--strict") == ""


def test_force_from_rewrites_history(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo.git")
    first = repo.commit({"a": "1"})
    repo.commit({"a": "2"})
    forced = repo.commit({"b": "3"}, force_from=first)
    assert git(repo, "rev-list", "main").split() == [forced, first]
    alone = repo.commit({"c": "4"}, force_from="")
    assert git(repo, "rev-list", "main").split() == [alone]
    assert git(repo, "ls-tree", "-r", "--name-only", "main").split() == ["c"]


def test_the_same_commits_have_the_same_shas(tmp_path: Path) -> None:
    one, two = (GitRepo(tmp_path / name).commit({"a": "1"}) for name in ("one", "two"))
    assert one == two
