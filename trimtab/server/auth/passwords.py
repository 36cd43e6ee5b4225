"""Passwords: bcrypt, in few threads, at the same effort whether or not the account exists."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import bcrypt
import re2

from trimtab.server.failures import Code, Failure, bad_request, precondition

T = TypeVar("T")

PATTERN = "^.{8,32}$"
"""Argo CD's default for `passwordPattern`."""
ROUNDS = 10
"""2^10, Go's default: what Argo CD writes."""
LARGEST = 72
"""Bytes that bcrypt looks at."""
SIDE_BY_SIDE = 2
MOST_WAITING = 50
NOTHING = "$2b$10$pVGCsze5b3U3yUVmDJCJo.OnKFnd0dIeYhhBJnGg3HRLiU4Zz9KIC"
"""Compared with where there is no account: no password is known that gives it."""

QUIET = re2.Options()
QUIET.log_errors = False


class Passwords:
    """Compares and makes hashes. A crowd of logins waits in line, and who comes when the line is full is sent away."""

    def __init__(self) -> None:
        self._working = asyncio.Semaphore(SIDE_BY_SIDE)
        self._waiting = 0

    async def match(self, password: str, password_hash: str) -> bool:
        """With nothing ("") it takes as long, and is False. Raises Failure (429) when too many wait."""
        same = await self._run(lambda: _compare(password, password_hash or NOTHING))
        return same and bool(password_hash)

    async def hash(self, password: str) -> str:
        """What argocd-secret is to hold; at most 72 bytes of UTF-8. Raises Failure (429) when too many wait."""
        return await self._run(lambda: hash_password(password))

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise Failure(Code.RESOURCE_EXHAUSTED, "too many logins at once; try again", headers={"retry-after": "2"})
        self._waiting += 1
        try:
            async with self._working:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def hash_password(password: str) -> str:
    """Takes some 50 ms."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()


def check_new_password(password: str, pattern: str) -> None:
    """Raises Failure (400) for one that argocd-cm's `passwordPattern` (RE2; "": Argo CD's default) does not allow."""
    pattern = pattern or PATTERN
    try:
        allowed = re2.compile(pattern, QUIET).search(password) is not None
    except re2.error as error:
        raise precondition("passwordPattern in argocd-cm is not a regular expression: correct it") from error
    if not allowed:
        raise bad_request(f"new password does not match the following expression: {pattern}")
    if len(password.encode()) > LARGEST:
        raise bad_request(f"new password is longer than the {LARGEST} bytes that bcrypt looks at")


def _compare(password: str, password_hash: str) -> bool:
    try:
        return bcrypt.checkpw(password.encode(errors="replace")[:LARGEST], password_hash.encode())
    except ValueError:
        return False
