"""The Git database and files by the API: one commit of several files, as a set-up makes it."""

import base64
from typing import Any

import pytest

from tests.fakegithub.client import Client
from tests.fakegithub.git import git
from tests.fakegithub.listener import Listener
from trimtab.fakegithub.server import FakeGitHub

REPOSITORY = "/repos/acme/infrastructure"
GIT = f"{REPOSITORY}/git"


async def commit(client: Client, *entries: dict[str, Any], parent: str, tree: str = "") -> Any:
    """A commit upon another, on no branch yet."""
    base = tree or (await client.get(f"{GIT}/commits/{parent}"))["tree"]["sha"]
    made = await client.post(f"{GIT}/trees", {"base_tree": base, "tree": list(entries)})
    return await client.post(f"{GIT}/commits", {"message": "Set up", "tree": made["sha"], "parents": [parent]})


async def head(client: Client) -> str:
    sha: str = (await client.get(f"{GIT}/ref/heads/main"))["object"]["sha"]
    return sha


async def test_one_commit_of_several_files(github: FakeGitHub, client: Client, listener: Listener) -> None:
    github.world.hook(github.world.repositories["acme/infrastructure"], listener.url)
    parent = await head(client)
    blob = await client.post(f"{GIT}/blobs", {"content": base64.b64encode(b"\0bin").decode(), "encoding": "base64"})
    made = await commit(
        client,
        {"path": "argocd/applications/.keep", "mode": "100644", "type": "blob", "content": ""},
        {"path": "logo.png", "mode": "100644", "type": "blob", "sha": blob["sha"]},
        {"path": "README.md", "mode": "100644", "type": "blob", "sha": None},
        parent=parent,
    )
    assert (made["author"]["name"], [one["sha"] for one in made["parents"]]) == ("Ada", [parent])
    moved = await client.ask("PATCH", f"{GIT}/refs/heads/main", {"sha": made["sha"]})
    assert (moved.status, moved.body["object"]["sha"]) == (200, made["sha"])
    await github.delivered()
    [push] = listener.of("push")
    told = push.payload["head_commit"]
    assert (told["added"], told["removed"]) == (["argocd/applications/.keep", "logo.png"], ["README.md"])
    tree = await client.get(f"{GIT}/trees/main?recursive=1")
    assert [one["path"] for one in tree["tree"] if one["type"] == "blob"] == [
        "apps/shop/kustomization.yaml",
        "argocd/applications/.keep",
        "logo.png",
    ]
    assert base64.b64decode((await client.get(f"{GIT}/blobs/{blob['sha']}"))["content"]) == b"\0bin"
    folder = github.world.repositories["acme/infrastructure"].git
    assert "Set up" in await git("log", "-1", "main", cwd=folder)
    assert await git("fsck", "--strict", cwd=folder) == ""


async def test_two_who_write_at_once(client: Client) -> None:
    parent = await head(client)
    file = {"path": "a", "mode": "100644", "type": "blob", "content": "a"}
    ours, theirs = [await commit(client, {**file, "content": one}, parent=parent) for one in ("a", "b")]
    path = f"{GIT}/refs/heads/main"
    assert (await client.ask("PATCH", path, {"sha": theirs["sha"]})).status == 200
    reply = await client.ask("PATCH", path, {"sha": ours["sha"]})
    assert (reply.status, reply.body["message"]) == (422, "Update is not a fast forward")
    assert (await client.ask("PATCH", path, {"sha": ours["sha"], "force": True})).status == 200


async def test_a_branch_comes_and_goes(client: Client) -> None:
    sha = await head(client)
    body = {"ref": "refs/heads/trimtab/setup", "sha": sha}
    made = await client.post(f"{GIT}/refs", body)
    assert made["object"] == {**made["object"], "type": "commit", "sha": sha}
    assert (await client.ask("POST", f"{GIT}/refs", body)).body["message"] == "Reference already exists"
    branch = await client.get(f"{REPOSITORY}/branches/trimtab/setup")
    assert (branch["commit"]["sha"], branch["protected"]) == (sha, False)
    assert (await client.ask("DELETE", f"{GIT}/refs/heads/trimtab/setup")).status == 204
    assert (await client.ask("GET", f"{GIT}/ref/heads/trimtab/setup")).status == 404
    for wrong in ({"ref": "main", "sha": sha}, {"ref": "refs/heads/x", "sha": "0" * 40}):
        assert (await client.ask("POST", f"{GIT}/refs", wrong)).status == 422


async def test_a_protected_branch(github: FakeGitHub, client: Client) -> None:
    github.world.protect("acme/infrastructure", "main")
    sha = await head(client)
    made = await commit(client, {"path": "a", "mode": "100644", "type": "blob", "content": "a"}, parent=sha)
    reply = await client.ask("PATCH", f"{GIT}/refs/heads/main", {"sha": made["sha"]})
    assert reply.status == 422
    assert "Changes must be made through a pull request." in reply.body["message"]
    content = base64.b64encode(b"a").decode()
    reply = await client.ask("PUT", f"{REPOSITORY}/contents/a", {"message": "a", "content": content})
    assert reply.status == 409
    assert (await client.get(f"{REPOSITORY}/branches/main"))["protected"] is True


async def test_an_empty_repository(github: FakeGitHub, client: Client) -> None:
    github.world.repository("acme/empty")
    path = "/repos/acme/empty"
    assert (await client.ask("GET", f"{path}/git/ref/heads/main")).body["message"] == "Git Repository is empty."
    blob = await client.ask("POST", f"{path}/git/blobs", {"content": "a"})
    assert (blob.status, blob.body["message"]) == (409, "Git Repository is empty.")
    assert (await client.ask("GET", f"{path}/contents/a")).body["message"] == "This repository is empty."
    body = {"message": "First", "content": base64.b64encode(b"a").decode()}
    first = await client.ask("PUT", f"{path}/contents/README.md", body)
    assert (first.status, first.body["commit"]["parents"]) == (201, [])
    assert (await client.get(path))["default_branch"] == "main"
    assert (await client.get(f"{path}/git/ref/heads/main"))["object"]["sha"] == first.body["commit"]["sha"]


async def test_files_one_by_one(client: Client) -> None:
    path = f"{REPOSITORY}/contents/apps/shop/kustomization.yaml"
    found = await client.get(path)
    assert base64.b64decode(found["content"]) == b"resources: []\n"
    folder = await client.get(f"{REPOSITORY}/contents/apps?ref=main")
    assert [(one["name"], one["type"]) for one in folder] == [("shop", "dir")]
    body = {"message": "Change", "content": base64.b64encode(b"x\n").decode()}
    assert (await client.ask("PUT", path, body)).status == 422
    assert (await client.ask("PUT", path, {**body, "sha": "0" * 40})).status == 409
    assert (await client.ask("PUT", path, {**body, "sha": found["sha"]})).status == 200
    assert base64.b64decode((await client.get(path))["content"]) == b"x\n"
    assert (await client.ask("GET", f"{REPOSITORY}/contents/nothing")).status == 404
    assert (await client.ask("GET", f"{REPOSITORY}/contents/README.md?ref=nowhere")).status == 404


@pytest.mark.parametrize("permission", ["read", "write"])
async def test_a_token_needs_contents_write(github: FakeGitHub, client: Client, permission: str) -> None:
    token = github.world.fine_grained_token("bob", "acme", permissions={"contents": permission})
    reply = await client.ask("POST", f"{GIT}/blobs", {"content": "a"}, as_=token)
    assert reply.status == {"read": 403, "write": 201}[permission]
    assert (await client.ask("GET", f"{GIT}/ref/heads/main", as_=token)).status == 200
    eve = github.world.fine_grained_token("eve", "acme", permissions={"contents": "write"})
    assert (await client.ask("POST", f"{GIT}/blobs", {"content": "a"}, as_=eve)).status == 403
    archived = github.world.repositories["acme/infrastructure"]
    archived.archived = True
    assert (await client.ask("POST", f"{GIT}/blobs", {"content": "a"}, as_=token)).status == 403
