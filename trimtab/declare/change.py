"""What becomes of one file: decided by what it was made as before, what it is now, and what it would be made as."""

import difflib
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from trimtab.declare.record import content_id

Action = Literal["create", "change", "merge", "remove", "review", "keep", "same"]
Merge = Callable[[str, str, str], str | None]
"""(a person's text, the text it came from, the new text) → both changes in one; None where they contradict."""
SUFFIX = ".patch"


class Change(Struct, frozen=True, kw_only=True):
    """`before` and `after`: the text, None where there is no file. A `review` is of a patch for a person to look at."""

    path: str
    action: Action
    before: str | None
    after: str | None
    note: str = ""


class Version(Struct, frozen=True, kw_only=True):
    """A file: its text `now`, the one that is `made` now, and the id and text of the one made before.

    `old_id` "": none was made before. `old` None: not known any more.
    """

    path: str
    now: str | None
    made: str | None
    old_id: str = ""
    old: str | None = None
    patch: str | None = None
    """The text of the `.patch` beside it."""
    pending: bool = False
    """Does that one still wait for a review?"""


def changes_for(version: Version, merge: Merge) -> list[Change]:
    """The change of the file, and of the patch beside it, if there is one for a person to look at."""
    action, after, note = _decided(version, merge)
    if action != "review":
        own = [_change(version, action, after, note=note)] if (version.now, version.made) != (None, None) else []
        return [*own, *_pending(version)]
    return [_change(version, "keep", version.now, note=note), _patch(version, _proposal(version))]


def _decided(version: Version, merge: Merge) -> tuple[Action, str | None, str]:
    """(what to do, the text after it, why)"""
    now, made, old_id = version.now, version.made, version.old_id
    if now is None:
        return ("keep", None, "removed by hand") if old_id else ("create", made, "")
    if now == made:
        return "same", made, ""
    if content_id(now) == old_id:
        return ("change", made, "") if made is not None else ("remove", None, "")
    if made is not None and content_id(made) == old_id:
        return "keep", now, "edited by hand"
    return _edited(version, now, merge)


def _edited(version: Version, now: str, merge: Merge) -> tuple[Action, str | None, str]:
    if version.made is None:
        return ("review", now, "edited by hand, not needed any more") if version.old_id else ("keep", now, "")
    if version.old is None:
        return "review", now, "edited by hand" if version.old_id else "not made by trimtab"
    merged = merge(now, version.old, version.made)
    if merged is None:
        return "review", now, "edited by hand where it would change"
    return ("merge", merged, "edited by hand") if merged != now else ("keep", now, "edited by hand")


def _proposal(version: Version) -> str:
    """What a person is to look at: our own change; or, with another one waiting, all in which the file differs."""
    old = version.now if version.pending or version.old is None else version.old
    return unified(version.path, old, version.made)


def _pending(version: Version) -> list[Change]:
    if not version.pending or version.patch is None:
        return []
    return [_patch(version, version.patch)]


def _patch(version: Version, text: str) -> Change:
    return Change(path=version.path + SUFFIX, action="review", before=version.patch, after=text)


def _change(version: Version, action: Action, after: str | None, *, note: str) -> Change:
    return Change(path=version.path, action=action, before=version.now, after=after, note=note)


def unified(path: str, before: str | None, after: str | None) -> str:
    """The difference as `git apply` takes it; "" for none."""
    names = (f"a/{path}" if before is not None else "/dev/null", f"b/{path}" if after is not None else "/dev/null")
    lines = difflib.unified_diff(_lines(before), _lines(after), *names)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str | None) -> list[str]:
    """Lines with their ends; only `\\n` ends one, as Git has it."""
    if not text:
        return []
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])
