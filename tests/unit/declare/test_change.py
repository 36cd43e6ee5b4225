"""What becomes of a file: every case of what it was made as, is, and would be made as."""

import pytest

from tests.unit.declare.builders import line_merge, no_merge
from trimtab.declare.change import Change, Version, changes_for, unified
from trimtab.declare.record import content_id

OLD, NEW, HERS = "port: 80\n", "port: 81\n", "port: 80\n# mine\n"


def version(now: str | None, made: str | None, old: str | None, **more: str | bool) -> Version:
    known = {"old_id": content_id(old), "old": old} if old is not None else {}
    return Version(path="a/x.yaml", now=now, made=made, **{**known, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "made", "old", "action", "after"),
    [
        (None, NEW, None, "create", NEW),
        (NEW, NEW, None, "same", NEW),
        (NEW, NEW, OLD, "same", NEW),
        (OLD, OLD, OLD, "same", OLD),
        (OLD, NEW, OLD, "change", NEW),
        (OLD, None, OLD, "remove", None),
        (HERS, OLD, OLD, "keep", HERS),
        (HERS, NEW, OLD, "merge", NEW + "# mine\n"),
        (None, NEW, OLD, "keep", None),
        (None, OLD, OLD, "keep", None),
    ],
)
def test_each_case(now: str | None, made: str | None, old: str | None, action: str, after: str | None) -> None:
    (change,) = changes_for(version(now, made, old), line_merge)
    assert (change.path, change.action, change.before, change.after) == ("a/x.yaml", action, now, after)


def test_what_is_gone_on_both_sides_is_no_change() -> None:
    assert changes_for(version(None, None, OLD), line_merge) == []


@pytest.mark.parametrize(
    ("now", "made", "old", "patch"),
    [
        (HERS, NEW, OLD, unified("a/x.yaml", OLD, NEW)),
        (HERS, NEW, None, unified("a/x.yaml", HERS, NEW)),
        (HERS, None, OLD, unified("a/x.yaml", OLD, None)),
    ],
    ids=["contradicts", "not ours", "not needed any more"],
)
def test_what_cannot_be_merged_is_left_with_a_patch_beside_it(
    now: str, made: str | None, old: str | None, patch: str
) -> None:
    kept, review = changes_for(version(now, made, old), no_merge)
    assert (kept.action, kept.before, kept.after) == ("keep", now, now)
    assert review == Change(path="a/x.yaml.patch", action="review", before=None, after=patch)


def test_a_text_whose_origin_is_lost_is_not_guessed_at() -> None:
    _, review = changes_for(version(HERS, NEW, None, old_id=content_id(OLD)), line_merge)
    assert review.after == unified("a/x.yaml", HERS, NEW)


def test_a_patch_waits_until_a_person_removes_it() -> None:
    waiting = version(HERS, NEW, NEW, patch="the patch", pending=True)
    kept, review = changes_for(waiting, no_merge)
    assert (kept.action, review.action, review.before, review.after) == ("keep", "review", "the patch", "the patch")
    (kept,) = changes_for(version(HERS, NEW, NEW), no_merge)
    assert kept.action == "keep"


def test_a_second_patch_tells_all_that_differs() -> None:
    _, review = changes_for(version(HERS, "port: 82\n", NEW, patch="the first", pending=True), no_merge)
    assert (review.before, review.after) == ("the first", unified("a/x.yaml", HERS, "port: 82\n"))


def test_a_clean_merge_leaves_an_older_patch_to_be_reviewed() -> None:
    hers = NEW + "# mine\n"
    changed, review = changes_for(version(hers, "port: 82\n", NEW, patch="the first", pending=True), line_merge)
    assert (changed.action, changed.after) == ("merge", "port: 82\n# mine\n")
    assert (review.action, review.after) == ("review", "the first")


def test_patches_are_in_the_form_of_git() -> None:
    assert unified("a/x.yaml", "one\ntwo", "one\nthree\n") == (
        "--- a/a/x.yaml\n+++ b/a/x.yaml\n@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+three\n"
    )
    assert unified("x", None, "a\n") == "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n"
    assert unified("x", "a\n", None) == "--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"
    assert unified("x", "a\u2028b\x0c\n", "a\u2028b\x0c\n") == ""


def test_ids_are_those_of_git() -> None:
    assert content_id("hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
