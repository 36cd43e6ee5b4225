"""A source that cannot be fetched: what it is called, and what is said about it once it is no hiccup any more."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.model.application import Application
from trimtab.status.outcome import last_good

CAUSES: Mapping[str, str] = {
    "AuthenticationFailed": "credentials refused",
    "CertificateNotTrusted": "certificate not trusted",
    "DiskFailed": "no room for the Git cache",
    "DiskFull": "no room for the Git cache",
    "GitFailed": "git failed",
    "GitHubAppIncomplete": "GitHub App's credentials incomplete",
    "GitHubAppKey": "GitHub App's key unreadable",
    "GitHubAppURL": "GitHub App's credentials at an ssh URL",
    "GitHubCertificate": "certificate of GitHub's API not trusted",
    "GitHubForbidden": "GitHub App may not read it",
    "GitHubInvalid": "GitHub App may not read it",
    "GitHubNotFound": "GitHub App not installed",
    "GitHubRateLimited": "too many requests to GitHub",
    "GitHubTokenRefused": "GitHub App's key refused",
    "GitHubUnavailable": "GitHub unavailable",
    "GitHubUnexpected": "GitHub's API not there",
    "GitKilled": "git was killed",
    "GitMissing": "git not installed",
    "HostKeyChanged": "host key rotated, or somebody in between",
    "HostKeyNotListed": "host key that GitHub does not list",
    "HostKeyUnknown": "host key not known",
    "InvalidCertificate": "client certificate unreadable",
    "InvalidEndpoint": "GitHub's address not usable",
    "InvalidPrivateKey": "private key unreadable",
    "InvalidToken": "token unreadable",
    "MirrorBusy": "Git cache held by another process",
    "MirrorDamaged": "Git cache damaged",
    "MirrorLocked": "Git cache locked",
    "ProxyAuthenticationFailed": "proxy refused its credentials",
    "RateLimited": "too many requests to the Git server",
    "Redirected": "repository moved",
    "RepositoryNotFound": "repository gone, or hidden from these credentials",
    "RepositoryNotOwned": "repository of another user",
    "ServerFailed": "Git server failing",
    "SshMissing": "ssh not installed",
    "Timeout": "Git server too slow",
    "Unreachable": "Git server not reachable",
}
"""Reason of an error of `trimtab.source` → the cause in a few words. What is wrong in a commit is none of these."""

FAILED_POLLS = 2


class Unreachable(Struct, frozen=True):
    """A source that cannot be fetched. `since`: RFC 3339; `first`: the same, in seconds of the monotonic clock.

    `urls`: of the application's sources. `polls`: how often it has failed in a row. `told`: was it said?
    """

    urls: tuple[str, ...]
    since: str
    first: float
    polls: int = 1
    told: bool = False


def is_due(known: Unreachable, *, now: float, interval: float) -> bool:
    """Whether it is time to say so: it has failed twice, and for a poll's interval. Said once."""
    return not known.told and known.polls >= FAILED_POLLS and now - known.first >= interval


def alert(app: Application, known: Unreachable, *, reason: str, message: str) -> str:
    """Cause, since when, the last good commit, and what to do, which `message` says."""
    good = last_good(app)
    known_good = f"last good commit {good[:12]}" if good else "never fetched"
    return f"The source cannot be fetched: {CAUSES[reason]} (since {known.since}, {known_good}): {message}"
