"""bcrypt, as Argo CD and `htpasswd` write it, and what a new password has to be."""

import asyncio

import bcrypt
import pytest

from trimtab.server.auth.passwords import MOST_WAITING, NOTHING, Passwords, check_new_password, hash_password
from trimtab.server.failures import Failure


def cheap(password: bytes) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()


HASH = cheap(b"correct-horse")


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
async def test_every_dialect_of_bcrypt_is_understood(prefix: str) -> None:
    known = HASH.replace("$2b$", prefix)
    assert await Passwords().match("correct-horse", known)
    assert not await Passwords().match("wrong-horse", known)


@pytest.mark.parametrize("broken", ["garbage", "$2b$04$", "$2b$99$" + "x" * 53, "$1$x", "é", " "])
async def test_a_hash_that_is_none_matches_nothing(broken: str) -> None:
    assert not await Passwords().match("x", broken)


async def test_no_hash_matches_nothing() -> None:
    assert not await Passwords().match("", "")
    assert len(NOTHING) == 60


async def test_only_what_bcrypt_looks_at_counts() -> None:
    """Hashes of passwords beyond 72 bytes, which were let through once, still work."""
    known = cheap(b"x" * 72)
    assert await Passwords().match("x" * 100, known)
    assert not await Passwords().match("x" * 71, known)


@pytest.mark.parametrize("odd", ["\0", "a\0b", "\ud800", "🐴" * 5000])
async def test_odd_passwords_match_nothing(odd: str) -> None:
    assert not await Passwords().match(odd, HASH)


async def test_what_is_hashed_matches_at_go_s_default_cost() -> None:
    hashed = await Passwords().hash("correct-horse")
    assert hashed.startswith("$2b$10$")
    assert await Passwords().match("correct-horse", hashed)
    assert hash_password("a") != hash_password("a")


async def test_a_line_that_is_full_takes_no_more() -> None:
    passwords = Passwords()
    waiting = [asyncio.ensure_future(passwords.match("x", HASH)) for _ in range(MOST_WAITING + 1)]
    found = await asyncio.gather(*waiting, return_exceptions=True)
    (turned_away,) = [one for one in found if isinstance(one, Failure)]
    assert (turned_away.status, turned_away.headers["retry-after"]) == (429, "2")
    assert not await passwords.match("x", HASH), "afterwards it goes on"


async def test_who_gives_up_leaves_the_line() -> None:
    passwords = Passwords()
    for _ in range(MOST_WAITING + 5):
        leaving = asyncio.ensure_future(passwords.match("x", HASH))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
    assert await passwords.match("correct-horse", HASH)


@pytest.mark.parametrize("good", ["12345678", "x" * 32, "pass word", "ünïcödé!"])
def test_new_passwords(good: str) -> None:
    check_new_password(good, "")


@pytest.mark.parametrize("bad", ["", "1234567", "x" * 33, "12345678\n9", "\n" * 10])
def test_new_passwords_that_do_not_match(bad: str) -> None:
    with pytest.raises(Failure) as caught:
        check_new_password(bad, "")
    assert caught.value.status == 400


def test_a_hostile_pattern_takes_no_time() -> None:
    """RE2 does not backtrack."""
    with pytest.raises(Failure):
        check_new_password("a" * 50 + "!", "^(a+)+$")


def test_a_broken_pattern_allows_nothing() -> None:
    for pattern in ("(", "[", "(?=a)", "\\"):
        with pytest.raises(Failure, match="not a regular expression"):
            check_new_password("correct-horse", pattern)
