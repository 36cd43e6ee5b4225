import datetime as dt

import pytest

from trimtab.github.token import (
    Rights,
    TokenKind,
    expiry_of,
    judge_permissions,
    judge_scopes,
    key_dies_with,
    kind_of,
    scopes_of,
)


@pytest.mark.parametrize(
    ("token", "kind", "dies"),
    [
        ("ghp_abc", TokenKind.CLASSIC, True),
        ("github_pat_abc", TokenKind.FINE_GRAINED, True),
        ("gho_abc", TokenKind.OAUTH, True),
        ("ghu_abc", TokenKind.APP_USER, False),
        ("ghs_abc", TokenKind.INSTALLATION, False),
        ("0123456789abcdef0123456789abcdef01234567", TokenKind.UNKNOWN, True),
    ],
)
def test_a_key_dies_with_the_token_of_a_person(token: str, kind: TokenKind, dies: bool) -> None:
    assert kind_of(token) is kind
    assert key_dies_with(kind) is dies


@pytest.mark.parametrize(
    ("has", "wanted", "rights"),
    [
        ({"repo", "read:org"}, {"repo", "read:org"}, Rights()),
        ({"repo", "admin:org"}, {"repo", "read:org"}, Rights()),
        ({"repo", "admin:org", "read:org"}, {"repo", "read:org"}, Rights(needless=("admin:org",))),
        ({"repo", "gist", "delete_repo", "read:org"}, {"repo", "read:org"}, Rights(needless=("delete_repo", "gist"))),
        ({"public_repo"}, {"repo", "read:org"}, Rights(missing=("read:org", "repo"), needless=())),
        ({"repo"}, {"write:repo_hook"}, Rights()),
        (set(), {"repo"}, Rights(missing=("repo",))),
    ],
)
def test_scopes(has: set[str], wanted: set[str], rights: Rights) -> None:
    assert judge_scopes(has, wanted) == rights


def test_permissions() -> None:
    wanted = {"administration": "write", "contents": "read"}
    assert judge_permissions({"administration": "write", "contents": "read", "metadata": "read"}, wanted) == Rights()
    assert judge_permissions({"administration": "read", "contents": "write"}, wanted) == Rights(
        missing=("administration: write",), needless=("contents: write",)
    )


def test_scopes_are_read_from_a_header_that_only_some_tokens_have() -> None:
    assert scopes_of({"x-oauth-scopes": "repo, read:org"}) == frozenset({"repo", "read:org"})
    assert scopes_of({"x-oauth-scopes": ""}) == frozenset()
    assert scopes_of({}) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-31 23:59:59 UTC", dt.datetime(2026, 12, 31, 23, 59, 59, tzinfo=dt.UTC)),
        ("2026-12-31 23:59:59 +0200", dt.datetime(2026, 12, 31, 21, 59, 59, tzinfo=dt.UTC)),
        ("2026-12-31 23:59:59 -0700", dt.datetime(2027, 1, 1, 6, 59, 59, tzinfo=dt.UTC)),
        ("never", None),
        ("", None),
    ],
)
def test_when_a_token_ends(text: str, moment: dt.datetime | None) -> None:
    assert expiry_of({"github-authentication-token-expiration": text}) == moment
