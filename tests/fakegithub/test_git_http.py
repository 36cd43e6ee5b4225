"""Git over HTTP: a token is the password."""

from pathlib import Path

import pytest

from tests.fakegithub.git import GitFailed, clone_and_commit, git
from tests.fakegithub.listener import Listener
from trimtab.fakegithub.server import FakeGitHub

REPOSITORY = "acme/infrastructure"


def url(github: FakeGitHub, token: str, repository: str = REPOSITORY) -> str:
    return github.clone_url(repository).replace("://", f"://x-access-token:{token}@")


async def test_a_push_of_an_installation(github: FakeGitHub, listener: Listener, tmp_path: Path) -> None:
    world = github.world
    app = world.github_app(
        "acme",
        hook_attributes={"url": listener.url},
        default_permissions={"contents": "write"},
        default_events=["push"],
    )
    installation = world.install(app, "acme", repositories=("infrastructure",))
    token = world.installation_token(installation).value
    clone = await clone_and_commit(url(github, token), tmp_path / "clone")
    await git("push", "-q", "origin", "main", "HEAD:refs/heads/next", cwd=clone)
    await github.delivered()
    pushes = listener.of("push")
    assert [one.payload["ref"] for one in pushes] == ["refs/heads/main", "refs/heads/next"]
    assert [one.payload["created"] for one in pushes] == [False, True]
    assert [len(one.payload["commits"]) for one in pushes] == [1, 0], "what main has is no news on next"
    assert all(one.signed_with(app.hook.secret) for one in pushes)
    assert pushes[0].payload["installation"]["id"] == installation.id
    assert pushes[0].payload["sender"]["login"] == "trimtab[bot]"
    assert pushes[0].headers["X-GitHub-Hook-Installation-Target-Type"] == "integration"
    await git("push", "-q", "origin", ":next", cwd=clone)
    await github.delivered()
    gone = listener.of("push")[-1].payload
    assert (gone["deleted"], gone["head_commit"], gone["after"]) == (True, None, "0" * 40)


async def test_a_token_may_read_only(github: FakeGitHub, tmp_path: Path) -> None:
    app = github.world.github_app("acme", default_permissions={"contents": "read"})
    installation = github.world.install(app, "acme", repositories=("infrastructure",))
    token = github.world.installation_token(installation).value
    clone = await clone_and_commit(url(github, token), tmp_path / "clone")
    with pytest.raises(GitFailed, match=r"Permission to acme/infrastructure\.git denied to trimtab"):
        await git("push", "-q", "origin", "main", cwd=clone)
    with pytest.raises(GitFailed, match="not found"):
        await git("ls-remote", url(github, token, "acme/shop"))


@pytest.mark.parametrize("token", ["", "ghp_wrong"])
async def test_without_a_good_token(github: FakeGitHub, token: str) -> None:
    with pytest.raises(GitFailed, match=r"could not read Username|Authentication failed"):
        await git("ls-remote", url(github, token) if token else github.clone_url(REPOSITORY))


async def test_a_public_repository_is_anybodys_to_read(github: FakeGitHub, tmp_path: Path) -> None:
    github.world.repositories[REPOSITORY].private = False
    clone = await clone_and_commit(github.clone_url(REPOSITORY), tmp_path / "clone")
    with pytest.raises(GitFailed):
        await git("push", "-q", "origin", "main", cwd=clone)


async def test_a_protected_branch_takes_no_push(github: FakeGitHub, tmp_path: Path) -> None:
    token = github.world.personal_token("ada", "repo")
    github.world.protect(REPOSITORY, "main")
    clone = await clone_and_commit(url(github, token), tmp_path / "clone")
    with pytest.raises(GitFailed, match="Changes must be made through a pull request"):
        await git("push", "-q", "origin", "main", cwd=clone)
    github.world.protect(REPOSITORY, "main", protected=False)
    await git("push", "-q", "origin", "main", cwd=clone)


async def test_a_forced_push_says_so(github: FakeGitHub, listener: Listener, tmp_path: Path) -> None:
    token = github.world.personal_token("ada", "repo")
    github.world.hook(github.world.repositories[REPOSITORY], listener.url)
    clone = await clone_and_commit(url(github, token), tmp_path / "clone")
    await git("commit", "-q", "--amend", "-m", "Another first", cwd=clone)
    await git("push", "-q", "origin", "main", cwd=clone)
    await git("commit", "-q", "--amend", "-m", "And again", cwd=clone)
    await git("push", "-q", "--force", "origin", "main", cwd=clone)
    await github.delivered()
    assert [one.payload["forced"] for one in listener.of("push")] == [False, True]


async def test_tags_and_the_first_push(github: FakeGitHub, listener: Listener, tmp_path: Path) -> None:
    token = github.world.personal_token("ada", "repo")
    github.world.hook(github.world.repository("acme/empty"), listener.url)
    clone = await clone_and_commit(url(github, token, "acme/empty"), tmp_path / "clone")
    await git("push", "-q", "origin", "HEAD:refs/heads/main", cwd=clone)
    await git("tag", "-a", "-m", "First", "v1", cwd=clone)
    await git("push", "-q", "origin", "v1", cwd=clone)
    await git("tag", "-f", "-a", "-m", "Again", "v1", cwd=clone)
    await git("push", "-q", "--force", "origin", "v1", cwd=clone)
    await github.delivered()
    found = [one.payload for one in listener.of("push")]
    assert [(one["ref"], len(one["commits"])) for one in found] == [
        ("refs/heads/main", 1),
        ("refs/tags/v1", 0),
        ("refs/tags/v1", 0),
    ]
    assert found[1]["after"] != found[1]["head_commit"]["id"] == found[0]["after"]
