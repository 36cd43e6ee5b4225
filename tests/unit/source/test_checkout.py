"""Reading a commit without a worktree: folders, links, limits, content ids, export."""

import datetime as dt
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ObjectType

from tests.repos import EPOCH, Executable, Files, Gitlink, GitRepo, Link
from trimtab.errors import Retry, Stalled
from trimtab.model.keys import Revision
from trimtab.source import checkout as checkout_module
from trimtab.source import export as export_module
from trimtab.source.checkout import DAMAGED, Checkout, same_content
from trimtab.source.tree import Entry

URL = "https://git.example.org/shop"


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return GitRepo(tmp_path / "repo.git")


def checkout_of(repo: GitRepo, files: Files) -> Checkout:
    return at(repo, repo.commit(files))


def at(repo: GitRepo, sha: str) -> Checkout:
    return Checkout(URL, Revision(sha), "", repo.path)


def label(checkout: Checkout) -> str:
    return f"{URL} at {checkout.revision[:12]}"


def test_folders_and_files(repo: GitRepo) -> None:
    checkout = checkout_of(repo, {"b/x.yaml": "x", "b/c/y.yaml": "y", "b-1.yaml": "1", "a/z.yaml": b"\xff\0"})
    assert [(entry.path, entry.kind) for entry in checkout.entries()] == [
        ("a", "folder"),
        ("b-1.yaml", "file"),
        ("b", "folder"),
    ]
    assert [entry.path for entry in checkout.entries("b/")] == ["b/c", "b/x.yaml"]
    assert checkout.entries("nope") == checkout.entries("b/x.yaml") == ()
    assert [entry.path for entry in checkout.walk()] == ["a/z.yaml", "b/c/y.yaml", "b/x.yaml", "b-1.yaml"]
    assert [entry.path for entry in checkout.walk("b", recurse=False)] == ["b/x.yaml"]
    assert checkout.read("a/z.yaml") == b"\xff\0"
    assert checkout.find("b/../a") == checkout.find("a")
    assert checkout.find("nope/x") is checkout.find("b/x.yaml/z") is None


def test_what_cannot_be_read_is_named(repo: GitRepo) -> None:
    checkout = checkout_of(repo, {"app/x": "12345", "vendor": Gitlink("1" * 40)})
    cases = {
        "app/nope": "app/nope: no such file; commit it or correct the path",
        "app": "app is a folder, not a file; correct the path",
        "vendor": "vendor is a Git submodule, and submodules are not fetched; copy its files into the repository or "
        "make it a source of its own",
        "vendor/x": "vendor is a Git submodule, and submodules are not fetched; copy its files into the repository or "
        "make it a source of its own",
    }
    for path, message in cases.items():
        with pytest.raises(Stalled) as caught:
            checkout.read(path)
        assert caught.value.message == f"{label(checkout)}: {message}"
    with pytest.raises(Stalled, match=r"app/x has 5 bytes, more than the 4 that are read; split it$"):
        checkout.read("app/x", limit=4)
    assert checkout.read("app/x", limit=5) == b"12345"


def test_a_file_of_more_than_ten_megabytes_is_refused(repo: GitRepo) -> None:
    checkout = checkout_of(repo, {"big": b"\0" * (10 * 1024 * 1024 + 1)})
    with pytest.raises(Stalled, match=r"big has 10,485,761 bytes, more than the 10,485,760 that are read") as caught:
        checkout.read("big")
    assert caught.value.reason == "FileTooLarge"


def test_a_pointer_of_large_file_storage_is_left_as_it_is(repo: GitRepo) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    assert checkout_of(repo, {"x.bin": pointer}).read("x.bin") == pointer.encode()


def test_links_are_followed_inside_the_repository(repo: GitRepo) -> None:
    checkout = checkout_of(
        repo,
        {
            "common/values.yaml": "v",
            "app/values.yaml": Link("../common/values.yaml"),
            "app/folder": Link("../common"),
            "app/twice": Link("./folder/../app/values.yaml"),
            "app/nothing": Link("../gone"),
            "current": Link("app"),
        },
    )
    for path in ("app/values.yaml", "app/folder/values.yaml", "app/twice", "current/folder/values.yaml"):
        assert checkout.read(path) == b"v"
        assert checkout.find(path) == checkout.find("common/values.yaml")
    assert checkout.find("app/nothing") is None
    assert [entry.path for entry in checkout.entries("app/folder")] == ["app/folder/values.yaml"]
    assert {entry.kind for entry in checkout.walk("app")} == {"link"}


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "../..", "x/../../../y", "chain"])
def test_a_link_out_of_the_repository_is_refused(repo: GitRepo, target: str, tmp_path: Path) -> None:
    checkout = checkout_of(repo, {"app/link": Link(target), "app/chain": Link("/"), "app/x/y": "1"})
    for attempt in (
        lambda: checkout.read("app/link"),
        lambda: checkout.find("app/link"),
        lambda: checkout.export("app", tmp_path / "out"),
        lambda: checkout.export("", tmp_path / "out"),
    ):
        with pytest.raises(Stalled) as caught:
            attempt()
        assert caught.value.reason == "LinkOutOfRepository"
        assert caught.value.message.startswith(f"{label(checkout)}: repository contains out-of-bounds symlinks. file: ")
        assert not (tmp_path / "out").exists()
    assert checkout.tree_id("app")


def test_links_in_a_circle_are_refused(repo: GitRepo, tmp_path: Path) -> None:
    checkout = checkout_of(repo, {"app/a": Link("b"), "app/b": Link("a"), "app/self": Link("self")})
    for path in ("app/a", "app/self"):
        with pytest.raises(Stalled, match="is a link that leads back to itself") as caught:
            checkout.read(path)
        assert caught.value.reason == "LinkLoop"
    with pytest.raises(Stalled, match="is a link that leads back to itself"):
        checkout.export("app", tmp_path / "out")


def test_content_ids_change_with_the_content_and_only_then(repo: GitRepo) -> None:
    one = checkout_of(repo, {"app/x": "1", "other/y": "1"})
    two = checkout_of(repo, {"other/y": "2"})
    three = checkout_of(repo, {"app/x": "2"})
    assert one.tree_id("app") == repo.tree_sha("app", one.revision)
    assert one.tree_id("gone") is None
    assert same_content(one, two, ["app"])
    assert same_content(one, two, ["app", "gone"])
    assert not same_content(one, two, ["app", "other/y"])
    assert not same_content(two, three, ["app"])
    assert same_content(one, one, ["app"])
    assert not same_content(one, Checkout("https://elsewhere", one.revision, "", one.git_dir), ["app"])


def test_the_id_of_a_folder_covers_what_its_links_lead_to(repo: GitRepo) -> None:
    files: dict[str, str | Link] = {
        "app/deep/link": Link("../../common"),
        "app/inside": Link("deep"),
        "app/nothing": Link("../later"),
        "common/values": Link("../far/values"),
        "far/values": "1",
        "unrelated": "1",
    }
    checkouts = [checkout_of(repo, files)]
    changes: list[Files] = [{"unrelated": "2"}, {"far/values": "2"}, {"common/new": "1"}, {"later": "now there"}]
    checkouts += [checkout_of(repo, change) for change in changes]
    ids = [checkout.tree_id("app") for checkout in checkouts]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_an_export_is_a_folder_of_its_own(repo: GitRepo, tmp_path: Path) -> None:
    checkout = checkout_of(
        repo,
        {
            "app/a.yaml": "a",
            "app/sub/b.yaml": "b",
            "app/sub/up": Link("../a.yaml"),
            "app/base": Link("../base"),
            "app/one": Link("../base/c.yaml"),
            "app/nothing": Link("gone"),
            "app/vendor": Gitlink("1" * 40),
            "base/c.yaml": "c",
            "base/d": Link("c.yaml"),
        },
    )
    into = tmp_path / "out" / "app"
    exported = checkout.export("app", into)
    assert (exported.files, exported.size, exported.submodules) == (3, 3, ("app/vendor",))
    found = {str(path.relative_to(into)): path for path in into.rglob("*")}
    assert {name for name, path in found.items() if path.is_symlink()} == {"sub/up", "base/d", "one"}
    content = {name: path.read_text() for name, path in found.items() if path.is_file()}
    assert content == {
        "a.yaml": "a",
        "sub/b.yaml": "b",
        "sub/up": "a",
        "base/c.yaml": "c",
        "base/d": "c",
        "one": "c",
    }
    assert all(path.resolve().is_relative_to(into) for path in found.values())
    assert list((into / "vendor").iterdir()) == []


def test_links_in_an_export_may_go_round_but_not_out(repo: GitRepo, tmp_path: Path) -> None:
    """Each folder is written once, however many links lead to it."""
    files: dict[str, str | Link] = {f"f{one}/to-{two}": Link(f"../f{two}") for one in range(9) for two in range(9)}
    checkout = checkout_of(repo, {**files, "f0/root": Link(".."), "f8/a": "1"})
    into = tmp_path / "out"
    assert checkout.export("f0", into).files == 1
    assert (into / "to-1" / "to-8" / "to-0" / "to-8" / "a").read_text() == "1"
    assert all(path.resolve().is_relative_to(into) for path in into.rglob("*"))
    assert checkout.export("", tmp_path / "all").files == 1
    assert (tmp_path / "all" / "f0" / "root").readlink() == Path("..")


def test_an_export_has_limits_and_says_what_the_disk_refuses(repo: GitRepo, tmp_path: Path) -> None:
    checkout = checkout_of(repo, {"app/a": "12345", "app/b": "12345"})
    with pytest.raises(Stalled, match="its files have more than the 9 bytes that are written for a tool") as caught:
        checkout.export("app", tmp_path / "out", limit=9)
    assert caught.value.reason == "FolderTooLarge"
    assert checkout.export("app", tmp_path / "out", limit=10).files == 2
    with pytest.raises(ValueError, match="is not empty"):
        checkout.export("app", tmp_path / "out")
    (tmp_path / "file").touch()
    with pytest.raises(Retry, match=r"cannot write .*/file/app: Not a directory; make room or correct its permissions"):
        checkout.export("app", tmp_path / "file" / "app")
    with pytest.raises(Stalled, match="nope: no such folder; correct the path"):
        checkout.export("nope", tmp_path / "other")
    assert not (repo.path / DAMAGED).exists()


def commit_with_name(repo: GitRepo, name: str) -> str:
    """A commit with file `app/NAME`, which no Git tool would make."""
    git = pygit2.Repository(str(repo.path))
    blob = git.create_blob(b"x")
    app = git.odb.write(ObjectType.TREE, b"100644 " + name.encode() + b"\0" + blob.raw)
    tree = git.odb.write(ObjectType.TREE, b"40000 app\0" + app.raw)
    who = pygit2.Signature("Eve", "eve@example.org", 0, 0)
    return str(git.create_commit("refs/heads/main", who, who, "x", tree, []))


@pytest.mark.parametrize("name", [".git", ".GIT", "..", "."])
def test_names_that_git_forbids_are_not_written(repo: GitRepo, tmp_path: Path, name: str) -> None:
    checkout = at(repo, commit_with_name(repo, name))
    with pytest.raises(Stalled, match="has a name that Git forbids; remove it from the commit") as caught:
        checkout.export("app", tmp_path / "out")
    assert caught.value.reason == "InvalidPath"
    assert not (tmp_path / "out").exists()


def commit_of(repo: GitRepo, tree: pygit2.Oid) -> Checkout:
    git = pygit2.Repository(str(repo.path))
    who = pygit2.Signature("Eve", "eve@example.org", 0, 0)
    return at(repo, str(git.create_commit(None, who, who, "x", tree, [])))


def test_a_commit_that_unfolds_to_billions_of_files_is_refused(
    repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve trees, each with the next one twenty times, and links at the end."""
    for module in (checkout_module, export_module):
        monkeypatch.setattr(module, "ENTRIES_LIMIT", 1000)
    git = pygit2.Repository(str(repo.path))
    blob = git.create_blob(b"nowhere")
    tree = git.odb.write(ObjectType.TREE, b"100644 file\0" + blob.raw + b"120000 link\0" + blob.raw)
    for _ in range(12):
        tree = git.odb.write(ObjectType.TREE, b"".join(b"40000 %02d\0" % name + tree.raw for name in range(20)))
    checkout = commit_of(repo, tree)
    for attempt, what in (
        (lambda: checkout.tree_id(), "10,000 links"),
        (lambda: checkout.export("", tmp_path / "out"), "1,000 files"),
    ):
        with pytest.raises(Stalled, match=f"a folder has more than {what}; move what is not needed") as caught:
            attempt()
        assert caught.value.reason == "FolderTooLarge"
    assert not (tmp_path / "out").exists()
    with pytest.raises(Stalled, match="a folder has more than 1,000 folders"):
        sum(1 for _ in checkout.walk())


def test_folders_nested_too_deep_are_refused(repo: GitRepo, tmp_path: Path) -> None:
    git = pygit2.Repository(str(repo.path))
    tree = git.odb.write(ObjectType.TREE, b"100644 file\0" + git.create_blob(b"x").raw)
    for _ in range(5000):
        tree = git.odb.write(ObjectType.TREE, b"40000 d\0" + tree.raw)
    checkout = commit_of(repo, tree)
    for attempt in (
        lambda: checkout.tree_id(),
        lambda: checkout.export("", tmp_path / "out"),
        lambda: list(checkout.walk()),
        lambda: checkout.find("d/" * 5000),
    ):
        with pytest.raises(Stalled, match="folders are nested more than 200 deep") as caught:
            attempt()
        assert caught.value.reason == "FolderTooDeep"


def test_names_that_are_not_text_can_be_read(repo: GitRepo, tmp_path: Path) -> None:
    git = pygit2.Repository(str(repo.path))
    blob = git.create_blob(b"x")
    checkout = commit_of(repo, git.odb.write(ObjectType.TREE, b"100644 \xff.yaml\0" + blob.raw))
    (entry,) = checkout.walk()
    assert checkout.read(entry.path) == b"x"
    assert checkout.export("", tmp_path / "out").files == 1


def test_an_executable_stays_one(repo: GitRepo, tmp_path: Path) -> None:
    checkout = checkout_of(repo, {"app/run.sh": Executable("#!/bin/sh\n")})
    checkout.export("app", tmp_path / "out")
    assert (tmp_path / "out" / "run.sh").stat().st_mode & 0o777 == 0o755
    entry = checkout.find("app/run.sh")
    assert isinstance(entry, Entry)
    assert (entry.executable, entry.name) == (True, "run.sh")


def test_who_made_a_commit(repo: GitRepo) -> None:
    sha = repo.commit({"a": "1"}, "Subject\n\nBody.\n")
    repo.tag("v2")
    repo.tag("v1", annotated=True)
    repo.commit({"a": "2"})
    repo.tag("v3")
    commit = at(repo, sha).commit()
    assert commit.author == "Ada Tester <ada@example.org>"
    assert (commit.message, commit.tags) == ("Subject\n\nBody.", ("v1", "v2"))
    assert commit.date == dt.datetime.fromtimestamp(EPOCH + 1, dt.UTC)


def test_a_commit_that_is_gone_and_a_mirror_that_is_gone(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit({"a": "1"})
    with pytest.raises(Retry, match=r"this commit is not in the local mirror; the next refresh fetches it$") as caught:
        at(repo, "1" * 40).read("a")
    assert caught.value.reason == "RevisionGone"
    assert not (repo.path / DAMAGED).exists()
    with pytest.raises(Retry, match=r"the local mirror cannot be read"):
        Checkout(URL, Revision("1" * 40), "", tmp_path / "gone").read("a")
