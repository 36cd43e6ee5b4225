"""Which sessions were ended: what the Secret says of it, folded by hand."""

import base64
from typing import Any

import pytest

from trimtab.model.keys import Manifest
from trimtab.server.auth.revocations import MOST_OF_ONE, NAME, is_revoked, with_session_ended
from trimtab.server.auth.tokens import Claims

NOW = 1_000_000
DAY = 86_400


def session(jti: str = "one", *, sub: str = "ada:login", iat: int = NOW, iss: str = "argocd") -> Claims:
    return Claims(iss=iss, sub=sub, iat=iat, exp=iat + DAY, jti=jti)


class Kept:
    """The Secret."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def end(self, claims: Claims, now: int = NOW) -> None:
        for key, value in with_session_ended(self.data, claims, now).items():
            if value is None:
                del self.data[key]
            else:
                self.data[key] = value

    def revoked(self, claims: Claims) -> bool:
        encoded = {key: base64.b64encode(value).decode() for key, value in self.data.items()}
        return is_revoked({"metadata": {"name": NAME}, "data": encoded}, claims)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.mark.parametrize("secret", [None, {}, {"data": None}, {"data": {}}])
def test_nothing_is_revoked_where_there_is_no_secret(secret: Manifest | None) -> None:
    assert not is_revoked(secret, session())


def test_only_that_session_is_revoked(kept: Kept) -> None:
    kept.end(session())
    assert kept.revoked(session())
    others: list[dict[str, Any]] = [{"jti": "two"}, {"sub": "eve:login"}, {"iat": NOW + 1}, {"iss": "https://dex"}]
    for other in others:
        assert not kept.revoked(session(**other)), other


def test_ending_it_twice_changes_nothing(kept: Kept) -> None:
    kept.end(session())
    assert with_session_ended(kept.data, session(), NOW) == {}


def test_what_has_expired_is_forgotten(kept: Kept) -> None:
    kept.end(session())
    kept.end(session("two", sub="eve:login"), NOW + 10)
    assert len(kept.data) == 2
    kept.end(session("three", sub="bob:login", iat=NOW + DAY), NOW + DAY)
    assert len(kept.data) == 1


def test_very_many_of_one_person_become_one_moment(kept: Kept) -> None:
    sessions = [session(f"s{n}", iat=NOW - n) for n in range(MOST_OF_ONE + 1)]
    for one in sessions:
        kept.end(one)
    assert all(kept.revoked(one) for one in sessions), "the last one ended is the oldest"
    assert kept.revoked(session("never ended, but older"))
    assert not kept.revoked(session("new", iat=NOW + 1))
    assert not kept.revoked(session("another's", sub="eve:login"))
    for n in range(1000):
        kept.end(session(f"t{n}", iat=NOW + n), NOW + n)
    assert kept.revoked(session("t0"))
    assert sum(map(len, kept.data.values())) < 3000, "it does not grow"


def test_the_moment_passes_when_the_last_of_them_has_expired(kept: Kept) -> None:
    for n in range(MOST_OF_ONE + 1):
        kept.end(session(f"s{n}"))
    kept.end(session("x", sub="eve:login", iat=NOW + DAY), NOW + DAY - 1)
    assert len(kept.data) == 2
    kept.end(session("y", sub="eve:login", iat=NOW + DAY), NOW + DAY)
    assert len(kept.data) == 1


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"sessions": 5}', b"\xff" * 50])
def test_a_broken_entry_revokes_all_of_its_person_and_nobody_else_s(kept: Kept, broken: bytes) -> None:
    kept.end(session())
    (person,) = kept.data
    kept.data[person] = broken
    assert kept.revoked(session("new", iat=NOW + 10 * DAY))
    assert not kept.revoked(session(sub="eve:login"))
    kept.end(session("eve's", sub="eve:login"))
    kept.end(session("another"))
    assert kept.revoked(session("new", iat=NOW + 10 * DAY)), "until somebody removes it"
