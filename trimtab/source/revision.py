"""From a target revision to a commit, given what a repository has. Pure.

The order is Argo CD's: a full SHA is itself, "" is HEAD, a version range picks the highest matching tag, then a
branch, another reference, a tag; at last a short SHA.
"""

import re
from collections.abc import Iterable
from typing import Protocol

from trimtab.errors import Stalled
from trimtab.model.keys import Revision

_FULL = re.compile(r"[0-9a-fA-F]{40}")
_SHORT = re.compile(r"[0-9a-fA-F]{4,39}")


class Refs(Protocol):
    """The references of a repository."""

    def commit(self, name: str) -> str | None:
        """The commit that HEAD or a full reference name leads to, annotated tags peeled; None: no such reference."""
        ...

    def tags(self) -> Iterable[str]:
        """The names of the tags."""
        ...

    def starting_with(self, prefix: str) -> tuple[str, ...]:
        """The full SHAs of the commits whose SHA starts with `prefix`; two are enough to be ambiguous."""
        ...


def full_sha(target: str) -> Revision | None:
    """`target` when it is a full SHA: the one revision that needs no repository to be known."""
    return Revision(target.lower()) if _FULL.fullmatch(target) else None


def find_revision(target: str, refs: Refs, *, url: str) -> Revision:
    """The commit that `target` means now. Raises Stalled (RevisionNotFound, AmbiguousRevision)."""
    sha = full_sha(target)
    if sha:
        return sha
    for name in _names(target or "HEAD"):
        found = refs.commit(name)
        if found:
            return Revision(found)
    if _SHORT.fullmatch(target):
        return _short(target.lower(), refs, url=url)
    raise unknown_revision(target, url=url)


def unknown_revision(target: str, *, url: str) -> Stalled:
    return Stalled(
        f"{url}: revision {target or 'HEAD'!r} is no branch, tag or commit of this repository; "
        "push it or correct targetRevision",
        reason="RevisionNotFound",
    )


def _names(target: str) -> tuple[str, ...]:
    if target == "HEAD":
        return ("HEAD",)
    return (
        f"refs/heads/{target}",
        *((target,) if target.startswith("refs/") else ()),
        f"refs/{target}",
        f"refs/tags/{target}",
    )


def _short(prefix: str, refs: Refs, *, url: str) -> Revision:
    found = refs.starting_with(prefix)
    if not found:
        raise unknown_revision(prefix, url=url)
    if len(found) > 1:
        raise Stalled(
            f"{url}: revision {prefix!r} is ambiguous, {' and '.join(sha[:12] for sha in found[:2])} start with it; "
            "write more of the SHA in targetRevision",
            reason="AmbiguousRevision",
        )
    return Revision(found[0])
