import datetime as dt
import json

import pytest

from trimtab.errors import Retry, Stalled
from trimtab.github import errors
from trimtab.github.errors import GitHubError, Reply, from_reply

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
DOING = "POST /repos/acme/infra/keys"


def refusal(status: int, body: object = None, **headers: str) -> GitHubError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = body if isinstance(body, bytes) else json.dumps(body or {"message": "no"}).encode()
    return from_reply(Reply(status, named, raw), doing=DOING, now=NOW)


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (refusal(401, {"message": "Bad credentials"}), errors.BadToken, "not valid, has expired or was revoked"),
        (refusal(403, x_accepted_github_permissions="administration=write"), errors.Forbidden, "administration=write"),
        (
            refusal(403, x_accepted_github_permissions="members=read; administration=read"),
            errors.Forbidden,
            "members=read or administration=read",
        ),
        (
            refusal(403, x_accepted_oauth_scopes="repo", x_oauth_scopes="gist, read:org"),
            errors.Forbidden,
            "lacks the scope repo (it has: gist, read:org)",
        ),
        (
            refusal(403, x_accepted_oauth_scopes="repo", x_oauth_scopes="repo"),
            errors.Forbidden,
            "a policy of the organization",
        ),
        (refusal(403, x_github_sso="required; url=https://x"), errors.Forbidden, "demands single sign-on"),
        (refusal(404), errors.NotFound, "does not exist, or the token may not see it"),
        (refusal(404, x_accepted_github_permissions="contents=read"), errors.NotFound, "contents=read"),
        (refusal(409, {"message": "Git Repository is empty."}), errors.Conflict, "Git Repository is empty."),
        (refusal(418, b"<html>"), errors.Unexpected, "no answer of GitHub's API"),
        (refusal(502, b"<html>"), errors.Unavailable, "HTTP 502"),
    ],
)
def test_a_refusal_says_what_and_what_to_do(error: GitHubError, kind: type[GitHubError], says: str) -> None:
    assert type(error) is kind
    assert error.message.startswith(DOING)
    assert says in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("complaints", "says"),
    [
        ([{"resource": "PublicKey", "code": "custom", "message": "key is in use"}], "key is in use"),
        ([{"resource": "Hook", "code": "missing_field", "field": "url"}], "Hook url is missing"),
        ([{"resource": "Team", "code": "missing"}], "Team does not exist"),
        ([{"resource": "Hook", "code": "invalid", "field": "config"}], "Hook config is not valid"),
        ([{"resource": "Label", "code": "already_exists", "field": "name"}], "Label name exists already"),
        (["Hook already exists on this repository"], "Hook already exists on this repository"),
        ("No commits between main and main", "No commits between main and main"),
        ([{"code": "new_code"}], "a value: new_code"),
    ],
)  # fmt: skip
def test_what_is_not_valid_is_said_in_words(complaints: object, says: str) -> None:
    error = refusal(422, {"message": "Validation Failed", "errors": complaints})
    assert isinstance(error, errors.Invalid)
    assert error.message == f"{DOING}: Validation Failed: {says} (HTTP 422)"


def test_what_is_not_valid_without_complaints() -> None:
    assert refusal(422, {"message": "Reference already exists"}).message.endswith("Reference already exists (HTTP 422)")


@pytest.mark.parametrize(
    ("error", "after"),
    [
        (refusal(429, retry_after="7"), 7.0),
        (refusal(403, {"message": "You have exceeded a secondary rate limit"}), 60.0),
        (refusal(403, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(NOW.timestamp()) + 90)), 90.0),
        (refusal(403, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(NOW.timestamp()) - 5)), 1.0),
        (refusal(429, retry_after="soon"), 60.0),
    ],
)
def test_limits_say_how_long(error: GitHubError, after: float) -> None:
    assert isinstance(error, Retry)
    assert error.after == after
    assert error.reason == "GitHubRateLimited"


def test_a_forbidden_answer_is_no_limit_because_requests_remain() -> None:
    assert isinstance(refusal(403, x_ratelimit_remaining="12"), Stalled)


@pytest.mark.parametrize("status", [401, 403, 409, 418, 422, 500])
def test_what_is_quoted_is_one_printable_line(status: int) -> None:
    evil = "no\n\x1b]0;owned\x07\x1b[2J"
    complaints = [evil, {"resource": evil, "field": evil, "code": evil}, {"message": evil}]
    assert refusal(status, {"message": evil, "errors": complaints}).message.isprintable()
