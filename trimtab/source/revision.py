"""From a target revision to a commit, given what a repository has. Pure.

The order is Argo CD's: a full SHA is itself, "" is HEAD, a version range picks the highest matching tag, then a
branch, another reference, a tag; at last a short SHA.
"""

import re
from collections.abc import Iterable
from typing import Protocol

from trimtab.errors import Stalled
from trimtab.model.keys import Revision
from trimtab.source.semver import highest, is_range

_FULL = re.compile(r"[0-9a-fA-F]{40}")
_SHORT = re.compile(r"[0-9a-fA-F]{7,39}")
"""As in Argo CD: less could too easily be a misspelt branch."""


_REFERENCE = re.compile(r"refs(?:/[^/\s~^:?*\[\\@\x00-\x20\x7f]+)+(?<![/.])")
"""A full reference name: nothing that git reads as a pattern or a refspec."""

OWN = "refs/trimtab/"
"""Where a mirror keeps references of its own, which no target revision may name."""


class Refs(Protocol):
    """The references of a repository."""

    def commit(self, name: str) -> str | None:
        """The commit that HEAD or a full reference name leads to, annotated tags peeled; None: no such reference."""
        ...

    def tags(self) -> Iterable[str]:
        """The names of the tags."""
        ...

    def empty(self) -> bool:
        """Whether there is no branch and no tag."""
        ...

    def starting_with(self, prefix: str) -> tuple[str, ...]:
        """The full SHAs of the commits whose SHA starts with `prefix`; two are enough to be ambiguous."""
        ...


def full_sha(target: str) -> Revision | None:
    """`target` when it is a full SHA: the one revision that needs no repository to be known."""
    return Revision(target.lower()) if _FULL.fullmatch(target) else None


def outside_mirror(target: str) -> str | None:
    """The reference to fetch on its own, when `target` names one that is neither branch nor tag."""
    mirrored = target.startswith(("refs/heads/", "refs/tags/", OWN))
    return target if _REFERENCE.fullmatch(target) and ".." not in target and not mirrored else None


def is_costly(target: str) -> bool:
    """Whether finding `target` may look at every tag or object."""
    return is_range(target) or bool(_SHORT.fullmatch(target))


def find_revision(target: str, refs: Refs, *, url: str, tag_prefix: str = "") -> Revision:
    """The commit that `target` means now. Raises Stalled (RevisionNotFound, AmbiguousRevision, EmptyRepository)."""
    sha = full_sha(target) or _from_range(target, refs, tag_prefix) or _from_name(target or "HEAD", refs)
    if sha:
        return Revision(sha)
    if _SHORT.fullmatch(target):
        return _short(target.lower(), refs, url=url)
    if refs.empty():
        raise Stalled(
            f"{url}: the repository is empty, or what answers there is no Git server; push a first commit or correct "
            "repoURL",
            reason="EmptyRepository",
        )
    raise unknown_revision(target, url=url)


def unknown_revision(target: str, *, url: str) -> Stalled:
    """The error for a target revision that the repository has not."""
    if is_range(target):
        what = f"no tag is in the version range {target!r} and no branch has that name; push such a tag"
    elif target in ("", "HEAD"):
        what = "its HEAD names no branch that exists; set its default branch, or name a branch"
    else:
        what = f"revision {target!r} is no branch, tag or commit of it; push it"
    return Stalled(f"{url}: {what}, or correct targetRevision", reason="RevisionNotFound")


def _from_range(target: str, refs: Refs, tag_prefix: str) -> str | None:
    if not is_range(target):
        return None
    tag = highest(target, refs.tags(), tag_prefix=tag_prefix)
    return refs.commit(f"refs/tags/{tag}") if tag else None


def _from_name(target: str, refs: Refs) -> str | None:
    if target == "HEAD":
        return refs.commit("HEAD")
    names = (target,) if target.startswith("refs/") else ()
    for name in (*names, f"refs/heads/{target}", f"refs/{target}", f"refs/tags/{target}"):
        found = refs.commit(name)
        if found:
            return found
    return None


def _short(prefix: str, refs: Refs, *, url: str) -> Revision:
    found = refs.starting_with(prefix)
    if not found:
        raise unknown_revision(prefix, url=url)
    if len(found) > 1:
        raise Stalled(
            f"{url}: revision {prefix!r} is ambiguous: {' and '.join(sha[:12] for sha in found[:2])} start with it; "
            "write more of the SHA in targetRevision",
            reason="AmbiguousRevision",
        )
    return Revision(found[0])
