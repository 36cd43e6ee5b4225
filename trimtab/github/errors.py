"""What GitHub's refusals mean, in one line each. Pure.

BadToken (401)  Forbidden (403)  NotFound (404)  Conflict (409)  Invalid (422)  Unexpected     → Stalled
RateLimited (403, 429)  Unavailable (5xx, no answer)                                          → Retry
"""

import contextlib
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.errors import Retry, Stalled
from trimtab.text import one_line

SECONDARY_SECONDS = 60.0
"""GitHub's advice where a secondary limit names no time."""


class BadToken(Stalled):
    """401: GitHub does not know the token."""


class Forbidden(Stalled):
    """403: the token may not do this."""


class NotFound(Stalled):
    """404: it does not exist, or the token may not see it."""


class Conflict(Stalled):
    """409: it is not in a state for that (an empty repository, a merge conflict)."""


class Invalid(Stalled):
    """400, 422: GitHub will not have these values. `codes`: what its `errors[]` say, one word each."""

    def __init__(self, message: str, *, reason: str, codes: frozenset[str] = frozenset()) -> None:
        super().__init__(message, reason=reason)
        self.codes = codes


class Unexpected(Stalled):
    """An answer that GitHub does not give: something else answers there."""


class RateLimited(Retry):
    """403 or 429: too many requests; `after` says how long not to ask."""


class Unavailable(Retry):
    """5xx, or no answer."""


class Reply(Struct, frozen=True):
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Complaint(Struct, frozen=True):
    """One of GitHub's `errors[]`."""

    resource: str = ""
    field: str = ""
    code: str = ""
    message: str | None = None


class Refusal(Struct, frozen=True):
    """The body of a refusal. `errors` are complaints, or plain sentences."""

    message: str = ""
    errors: Any = None


GitHubError = BadToken | Forbidden | NotFound | Conflict | Invalid | Unexpected | RateLimited | Unavailable


def from_reply(reply: Reply, *, doing: str, now: dt.datetime) -> GitHubError:
    """The error of a reply with status ≥ 300. `doing`: method and path, `POST /repos/acme/infra/keys`."""
    refusal = _read(reply.body)
    after = limited_for(reply, refusal.message, now=now)
    if after is not None:
        message = (
            f"{doing}: GitHub limits the rate of requests (HTTP {reply.status}); the next is allowed in {after:.0f} s"
        )
        return RateLimited(message, reason="GitHubRateLimited", after=after)
    if reply.status >= 500:
        message = (
            f"{doing}: GitHub failed (HTTP {reply.status}{_quoted(refusal.message)}); see its status page if that lasts"
        )
        return Unavailable(message, reason="GitHubUnavailable")
    explain = _BY_STATUS.get(reply.status, _unexpected)
    return explain(doing, reply, refusal)


def limited_for(reply: Reply, message: str, *, now: dt.datetime) -> float | None:
    """Seconds until GitHub will answer again, None when the reply is not about a limit.

    After GitHub's "Rate limits for the REST API": retry-after, else x-ratelimit-reset when nothing remains, else a
    minute.
    """
    if reply.status not in (403, 429):
        return None
    with contextlib.suppress(KeyError, ValueError):
        return max(1.0, float(reply.headers["retry-after"]))
    if reply.headers.get("x-ratelimit-remaining") == "0":
        with contextlib.suppress(KeyError, ValueError):
            return max(1.0, float(reply.headers["x-ratelimit-reset"]) - now.timestamp())
    if reply.status == 429 or "rate limit" in message.lower() or "abuse detection" in message.lower():
        return SECONDARY_SECONDS
    return None


def _read(body: bytes) -> Refusal:
    try:
        found = msgspec.json.decode(body, type=Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Refusal()
    return msgspec.structs.replace(found, message=_printable(found.message))


def _printable(text: str) -> str:
    """Whoever answers there writes to somebody's terminal: on one line, and nothing that a terminal obeys."""
    return one_line("".join(letter if letter.isprintable() else " " for letter in text))


def _bad_token(doing: str, reply: Reply, refusal: Refusal) -> BadToken:
    return BadToken(
        f"{doing}: the token is not valid, has expired or was revoked (HTTP 401{_quoted(refusal.message)}); "
        "give a new one",
        reason="GitHubTokenRefused",
    )


def _forbidden(doing: str, reply: Reply, refusal: Refusal) -> Forbidden:
    if "required" in reply.headers.get("x-github-sso", ""):
        what = "the organization demands single sign-on; authorize the token for it in GitHub's settings"
    elif lacks := _lacking(reply.headers):
        what = lacks
    else:
        what = "the token may not do this; it may lack a permission, or a policy of the organization forbids it"
    return Forbidden(f"{doing}: {what} (HTTP 403{_quoted(refusal.message)})", reason="GitHubForbidden")


def _lacking(headers: Mapping[str, str]) -> str:
    """The right that is missing, from what GitHub says it would have accepted; "" when it says nothing."""
    if accepted := headers.get("x-accepted-github-permissions"):
        return f"the token lacks the permission {_either(accepted, ';')}; grant it"
    accepted, scopes = headers.get("x-accepted-oauth-scopes", ""), _listed(headers.get("x-oauth-scopes", ""))
    if accepted and not scopes & _listed(accepted):
        has = ", ".join(sorted(scopes)) or "none"
        return f"the token lacks the scope {_either(accepted, ',')} (it has: {has}); grant it"
    return ""


def _not_found(doing: str, reply: Reply, refusal: Refusal) -> NotFound:
    accepted = reply.headers.get("x-accepted-github-permissions")
    needs = f" and has the permission {_either(accepted, ';')}" if accepted else ""
    return NotFound(
        f"{doing}: it does not exist, or the token may not see it (GitHub answers 404 for both); check the name, and "
        f"that the token reaches it{needs}",
        reason="GitHubNotFound",
    )


def _conflict(doing: str, reply: Reply, refusal: Refusal) -> Conflict:
    return Conflict(
        f"{doing}: {refusal.message or 'it conflicts with what is there'} (HTTP 409)", reason="GitHubConflict"
    )


def _invalid(doing: str, reply: Reply, refusal: Refusal) -> Invalid:
    complaints = _complaints(refusal.errors)
    words = "; ".join(dict.fromkeys(_printable(_in_words(one)) for one in complaints if one.code or one.message))
    said = refusal.message.strip().rstrip(".") or "the values are not valid"
    codes = frozenset(one.code for one in complaints if one.code)
    message = f"{doing}: {said}{': ' if words else ''}{words} (HTTP {reply.status})"
    return Invalid(message, reason="GitHubInvalid", codes=codes)


def _complaints(errors: Any) -> list[Complaint]:
    found = []
    for one in errors if isinstance(errors, list) else [errors]:
        with contextlib.suppress(msgspec.ValidationError):
            found.append(Complaint(message=one) if isinstance(one, str) else msgspec.convert(one, Complaint))
    return found


def _in_words(one: Complaint) -> str:
    if one.message:
        return one.message
    where = " ".join(filter(None, [one.resource, one.field])) or "a value"
    return _CODES.get(one.code, "{where}: {code}").format(where=where, resource=one.resource or "it", code=one.code)


_CODES = {
    "missing": "{resource} does not exist",
    "missing_field": "{where} is missing",
    "invalid": "{where} is not valid",
    "already_exists": "{where} exists already",
    "unprocessable": "{where} cannot be processed",
}
"""From GitHub's "Troubleshooting the REST API"."""


def _unexpected(doing: str, reply: Reply, refusal: Refusal) -> Unexpected:
    return Unexpected(
        f"{doing}: HTTP {reply.status}{_quoted(refusal.message)} is no answer of GitHub's API; check its URL",
        reason="GitHubUnexpected",
    )


_BY_STATUS: Mapping[int, Callable[[str, Reply, Refusal], GitHubError]] = {
    400: _invalid,
    401: _bad_token,
    403: _forbidden,
    404: _not_found,
    409: _conflict,
    410: _not_found,
    422: _invalid,
}


def _quoted(message: str) -> str:
    return f", “{message.strip().rstrip('.')}”" if message.strip() else ""


def _either(accepted: str, separator: str) -> str:
    """Alternatives as GitHub lists them → `administration=write or contents=read`."""
    return " or ".join(part.strip() for part in accepted.split(separator) if part.strip())


def _listed(text: str) -> set[str]:
    return {part.strip() for part in text.split(",") if part.strip()}
