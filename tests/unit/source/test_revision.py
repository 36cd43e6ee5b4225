"""From target revision to commit, on references in a dict."""

from collections.abc import Iterable

import pytest

from trimtab.errors import Stalled
from trimtab.source.revision import find_revision, full_sha, is_costly, outside_mirror

A, B, C = "a" * 40, "b" * 40, "c" * 40
URL = "https://git.example.org/app"


class DictRefs:
    def __init__(self, refs: dict[str, str], *, commits: tuple[str, ...] = ()) -> None:
        self._refs = refs
        self._commits = commits

    def commit(self, name: str) -> str | None:
        return self._refs.get(name)

    def tags(self) -> Iterable[str]:
        return [name.removeprefix("refs/tags/") for name in self._refs if name.startswith("refs/tags/")]

    def empty(self) -> bool:
        return not self._refs

    def starting_with(self, prefix: str) -> tuple[str, ...]:
        return tuple(sha for sha in self._commits if sha.startswith(prefix))


REFS = {
    "HEAD": A,
    "refs/heads/main": A,
    "refs/heads/v2": A,
    "refs/heads/1.x": A,
    "refs/heads/refs/tags/odd": A,
    "refs/tags/odd": B,
    "refs/tags/v2": B,
    "refs/tags/v1.4.0": B,
    "refs/tags/team/1.9.0": C,
    "refs/pull/3/head": C,
}


@pytest.mark.parametrize(
    ("target", "prefix", "expected"),
    [
        ("", "", A),
        ("HEAD", "", A),
        ("main", "", A),
        ("v2", "", A),
        ("tags/v2", "", B),
        ("refs/tags/v2", "", B),
        ("pull/3/head", "", C),
        ("1.x", "", B),
        ("1.x", "team/", C),
        ("1.x", "other/", A),
        ("refs/tags/odd", "", B),
        (C, "", C),
        (C[:7], "", C),
        (C[:7].upper(), "", C),
    ],
)
def test_the_order_of_meanings(target: str, prefix: str, expected: str) -> None:
    refs = DictRefs(REFS, commits=(A, B, C))
    assert find_revision(target, refs, url=URL, tag_prefix=prefix) == expected


@pytest.mark.parametrize(
    ("target", "refs", "reason", "message"),
    [
        ("nope", REFS, "RevisionNotFound", "revision 'nope' is no branch, tag or commit of it; push it, or correct"),
        ("cccccc", REFS, "RevisionNotFound", "revision 'cccccc' is no branch, tag or commit of it"),
        ("dddddddd", REFS, "RevisionNotFound", "revision 'dddddddd' is no branch, tag or commit of it"),
        ("7.x", REFS, "RevisionNotFound", "no tag is in the version range '7.x' and no branch has that name"),
        ("", {"refs/heads/main": A}, "RevisionNotFound", "its HEAD names no branch that exists"),
        ("main", {}, "EmptyRepository", "the repository is empty, or what answers there is no Git server"),
        (
            "ccccccc",
            REFS,
            "AmbiguousRevision",
            "revision 'ccccccc' is ambiguous: cccccccccccc and cccccccccccd start with it; write more of the SHA in "
            "targetRevision",
        ),
    ],
)
def test_what_cannot_be_found_is_said_so(target: str, refs: dict[str, str], reason: str, message: str) -> None:
    commits = (A, C, "c" * 11 + "d" * 29) if reason == "AmbiguousRevision" else (A,)
    with pytest.raises(Stalled) as caught:
        find_revision(target, DictRefs(refs, commits=commits), url=URL)
    assert caught.value.reason == reason
    assert caught.value.message.startswith(f"{URL}: {message}")


def test_a_full_sha_is_itself() -> None:
    assert full_sha("A" * 40) == A
    assert full_sha("a" * 39) is None
    assert full_sha("g" * 40) is None


def test_what_a_mirror_of_branches_and_tags_does_not_hold() -> None:
    assert outside_mirror("refs/pull/3/head") == "refs/pull/3/head"
    names = "main refs/heads/a refs/tags/a refs/trimtab/HEAD refs/* refs/a:b refs/a..b refs/a^ refs/ refs/a/ refs//a"
    assert [name for name in [*names.split(), "refs/a b", "refs/a\n", "-refs/a"] if outside_mirror(name)] == []


def test_what_may_look_at_every_tag_or_object() -> None:
    assert [target for target in ("main", "v1.2", "", "1.x", "abcdef0") if is_costly(target)] == ["1.x", "abcdef0"]
