"""What a webhook tells, whoever sends it: something was pushed somewhere."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

Secrets = Mapping[str, str]
"""The secrets of webhooks, by their key in argocd-secret."""

BRANCH, TAG = "refs/heads/", "refs/tags/"


class Push(Struct, frozen=True, kw_only=True):
    """Something new in a repository, or in a registry.

    `urls`: all that the sender calls the repository. `ref`: a full reference (`refs/heads/main`), or the version of an
    artifact. `default_branch`: "" where the sender does not tell. `changed`: the paths of all files that differ from
    before; None where that is not known for sure.
    """

    urls: tuple[str, ...]
    ref: str
    default_branch: str = ""
    changed: tuple[str, ...] | None = None


class Delivery(Struct, frozen=True, kw_only=True):
    """A request to the webhook; the names of `headers` are in lower case."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


class Commit(Struct, frozen=True):
    """A pushed commit, as GitHub, GitLab and Gitea tell it; some send null for no files."""

    added: tuple[str, ...] | None = None
    removed: tuple[str, ...] | None = None
    modified: tuple[str, ...] | None = None


class Provider(Struct, frozen=True, kw_only=True):
    """One who sends webhooks.

    `keys`: of argocd-secret; one that is set makes a proof mandatory. `must_prove`: nothing is believed without one.
    `sent`: is this from such a provider? `proven`: does the sender know our secret? `pushes`: what was pushed, () for
    an event of another kind; raises msgspec.DecodeError, or ValueError.
    """

    name: str
    keys: tuple[str, ...]
    sent: Callable[[Delivery], bool]
    proven: Callable[[Delivery, Secrets], bool]
    pushes: Callable[[Delivery], tuple[Push, ...]]
    must_prove: bool = False


def same(given: str, expected: str) -> bool:
    """Are they equal? Takes the same time however much of it is right; an empty secret is nobody's."""
    return bool(expected) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))


def signed(delivery: Delivery, header: str, secret: str, *, prefix: str = "") -> bool:
    """Does the header hold the body's HMAC-SHA256 in hex, after `prefix`?"""
    digest = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
    return bool(secret) and same(delivery.header(header), prefix + digest)


def files(commits: Iterable[Commit] | None) -> tuple[str, ...] | None:
    """All files that the commits touch, sorted; None where there are no commits, or one that does not tell."""
    listed = tuple(commits or ())
    if not listed or any(commit == Commit() for commit in listed):
        return None
    kinds = (kind or () for commit in listed for kind in (commit.added, commit.removed, commit.modified))
    return tuple(sorted({path for kind in kinds for path in kind}))
