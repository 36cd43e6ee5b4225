"""Several files in one commit, or in a pull request: what is sent, and when nothing is."""

import hashlib

import pytest

from tests.servers.scripted import Reply, Scripted
from trimtab.errors import Retry, Stalled
from trimtab.github.client import GitHub
from trimtab.github.contents import Proposal, commit_files, compare_files, propose_files
from trimtab.github.errors import Forbidden, Invalid, NotFound

REPO = "acme/infra"
GIT = "/repos/acme/infra/git"
EMPTY = Reply.json({"message": "Git Repository is empty."}, 409)
OVERTAKEN = Reply.json({"message": "Update is not a fast forward"}, 422)
PULL = {"number": 4, "state": "open", "html_url": "u", "head": {"sha": "c2"}, "base": {"sha": "c1"}}


def blob(text: str) -> str:
    return hashlib.sha1(f"blob {len(text)}\0{text}".encode()).hexdigest()


def ref(commit: str, branch: str = "main") -> Reply:
    return Reply.json({"ref": f"refs/heads/{branch}", "object": {"sha": commit, "type": "commit"}})


def tree(sha: str, **entries: tuple[str, str]) -> Reply:
    """`name=(type, sha)`; a dot in a name is an underscore here."""
    listed = [
        {"path": name.replace("_", "."), "mode": "040000" if kind == "tree" else "100755", "type": kind, "sha": one}
        for name, (kind, one) in entries.items()
    ]
    return Reply.json({"sha": sha, "tree": listed, "truncated": False})


@pytest.fixture
def there(server: Scripted) -> Scripted:
    """main at c1: `a.txt`, and `deep/er/b.txt`."""
    server.answer(f"GET {GIT}/ref/heads/main", ref("c1"))
    for commit, root in (("c1", "t1"), ("c2", "t2")):
        server.answer(f"GET {GIT}/commits/{commit}", Reply.json({"sha": commit, "tree": {"sha": root}}))
    server.answer(f"GET {GIT}/trees/t1", tree("t1", a_txt=("blob", blob("one\n")), deep=("tree", "t5")))
    server.answer(f"GET {GIT}/trees/t5", tree("t5", er=("tree", "t6")))
    server.answer(f"GET {GIT}/trees/t6", tree("t6", b_txt=("blob", blob("two\n"))))
    server.answer(f"POST {GIT}/trees", Reply.json({"sha": "t2"}, 201))
    server.answer(f"POST {GIT}/commits", Reply.json({"sha": "c2", "tree": {"sha": "t2"}}, 201))
    server.answer(f"PATCH {GIT}/refs/heads/main", ref("c2"))
    return server


def written(server: Scripted) -> list[str]:
    return [f"{one.verb} {one.path.rpartition('/git/')[2]}" for one in server.requests if one.verb != "GET"]


async def test_nothing_is_committed_when_nothing_differs(there: Scripted, github: GitHub) -> None:
    files = {"a.txt": "one\n", "deep/er/b.txt": "two\n", "gone.txt": None, "deep/nowhere/c.txt": None}
    assert await commit_files(github, REPO, branch="main", files=files, message="m") is None
    assert written(there) == []


async def test_what_differs_is_one_commit(there: Scripted, github: GitHub) -> None:
    files = {"a.txt": "new\n", "deep/er/b.txt": None, "deep/c.txt": "ä", "same": None}
    assert await commit_files(github, REPO, branch="main", files=files, message="Set up") == "c2"
    made, commit, moved = (one.json() for one in there.requests if one.verb != "GET")
    assert made == {
        "base_tree": "t1",
        "tree": [
            {"path": "a.txt", "mode": "100755", "type": "blob", "content": "new\n"},
            {"path": "deep/er/b.txt", "mode": "100755", "type": "blob", "sha": None},
            {"path": "deep/c.txt", "mode": "100644", "type": "blob", "content": "ä"},
        ],
    }
    assert commit == {"message": "Set up", "tree": "t2", "parents": ["c1"]}
    assert moved == {"sha": "c2", "force": False}


async def test_who_pushes_meanwhile_is_built_upon(there: Scripted, github: GitHub) -> None:
    there.answer(f"GET {GIT}/ref/heads/main", ref("c1"), ref("c2"))
    there.answer(f"GET {GIT}/trees/t2", tree("t2"))
    there.answer(f"PATCH {GIT}/refs/heads/main", OVERTAKEN, ref("c3"))
    await commit_files(github, REPO, branch="main", files={"a.txt": "new\n"}, message="m")
    assert [one.json()["parents"] for one in there.got(f"POST {GIT}/commits")] == [["c1"], ["c2"]]


async def test_a_branch_that_never_stands_still_is_tried_later(there: Scripted, github: GitHub) -> None:
    there.answer(f"PATCH {GIT}/refs/heads/main", OVERTAKEN)
    with pytest.raises(Retry, match="moves faster"):
        await commit_files(github, REPO, branch="main", files={"a.txt": "new\n"}, message="m")


async def test_a_protected_branch_is_an_error(there: Scripted, github: GitHub) -> None:
    there.answer(f"PATCH {GIT}/refs/heads/main", Reply.json({"message": "Protected branch update failed"}, 422))
    with pytest.raises(Invalid, match="Protected branch"):
        await commit_files(github, REPO, branch="main", files={"a.txt": "new\n"}, message="m")
    there.answer(f"POST {GIT}/trees", Reply.json({"message": "no"}, 403))
    with pytest.raises(Forbidden):
        await commit_files(github, REPO, branch="main", files={"a.txt": "new\n"}, message="m")


async def test_an_empty_repository_begins_with_a_file(there: Scripted, github: GitHub) -> None:
    there.answer(f"GET {GIT}/ref/heads/main", EMPTY, ref("c1"))
    there.answer("PUT /repos/acme/infra/contents/a.txt", Reply.json({}, 201))
    files = {"a.txt": "one\n", "c.txt": "three\n", "gone.txt": None}
    assert await commit_files(github, REPO, branch="main", files=files, message="m") == "c2"
    (begun,) = there.got("PUT /repos/acme/infra/contents/a.txt")
    assert begun.json() == {"message": "m", "content": "b25lCg=="}
    (made,) = there.got(f"POST {GIT}/trees")
    assert [entry["path"] for entry in made.json()["tree"]] == ["c.txt"]
    assert (await compare_files(github, REPO, branch="main", files=files)).differing == {"c.txt": "three\n"}


async def test_a_branch_that_is_not_there(there: Scripted, github: GitHub) -> None:
    with pytest.raises(NotFound):
        await commit_files(github, REPO, branch="other", files={}, message="m")


PROPOSAL = Proposal(base="main", branch="trimtab/x", files={"a.txt": "new\n"}, message="m", title="Set up", body="Why")


@pytest.fixture
def pulls(there: Scripted) -> Scripted:
    there.answer("GET /repos/acme/infra/pulls", Reply.json([]))
    there.answer("POST /repos/acme/infra/pulls", Reply.json(PULL, 201))
    there.answer(f"POST {GIT}/refs", ref("c2", "trimtab/x"))
    return there


async def test_a_pull_request_has_a_branch_of_its_own(pulls: Scripted, github: GitHub) -> None:
    found = await propose_files(github, REPO, PROPOSAL)
    assert found and found.number == 4
    (branch,) = pulls.got(f"POST {GIT}/refs")
    assert branch.json() == {"ref": "refs/heads/trimtab/x", "sha": "c2"}
    (opened,) = pulls.got("POST /repos/acme/infra/pulls")
    assert opened.json() == {"head": "trimtab/x", "base": "main", "title": "Set up", "body": "Why"}


async def test_nothing_is_proposed_when_nothing_differs(pulls: Scripted, github: GitHub) -> None:
    pulls.answer(f"GET {GIT}/trees/t1", tree("t1", a_txt=("blob", blob("new\n"))))
    assert await propose_files(github, REPO, PROPOSAL) is None
    assert written(pulls) == []


async def test_an_open_pull_request_that_has_it_is_left_alone(pulls: Scripted, github: GitHub) -> None:
    pulls.answer(f"GET {GIT}/ref/heads/trimtab/x", ref("c2", "trimtab/x"))
    pulls.answer(f"GET {GIT}/trees/t2", tree("t2", a_txt=("blob", blob("new\n"))))
    pulls.answer("GET /repos/acme/infra/pulls", Reply.json([PULL]))
    found = await propose_files(github, REPO, PROPOSAL)
    assert found and found.number == 4
    assert written(pulls) == []


@pytest.mark.parametrize(("answers", "parents"), [([ref("c3")], [["c1"]]), ([OVERTAKEN, ref("c3")], [["c1"], ["c2"]])])
async def test_a_branch_that_is_there_is_moved_on_or_built_upon(
    pulls: Scripted, github: GitHub, answers: list[Reply], parents: list[list[str]]
) -> None:
    pulls.answer(f"GET {GIT}/ref/heads/trimtab/x", ref("c2", "trimtab/x"))
    pulls.answer(f"GET {GIT}/trees/t2", tree("t2", a_txt=("blob", blob("older\n"))))
    pulls.answer(f"PATCH {GIT}/refs/heads/trimtab/x", *answers)
    await propose_files(github, REPO, PROPOSAL)
    assert [one.json()["parents"] for one in pulls.got(f"POST {GIT}/commits")] == parents


async def test_nothing_can_be_proposed_to_an_empty_repository(pulls: Scripted, github: GitHub) -> None:
    pulls.answer(f"GET {GIT}/ref/heads/main", EMPTY)
    with pytest.raises(Stalled, match="is empty"):
        await propose_files(github, REPO, PROPOSAL)
