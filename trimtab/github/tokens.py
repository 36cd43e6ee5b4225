"""Where a request's token comes from."""

from typing import Protocol


class TokenSource(Protocol):
    """Gives the token for each request; "" sends the request without one."""

    async def token(self) -> str:
        """Raises Retry and Stalled."""
        ...

    def refused(self, token: str) -> bool:
        """GitHub did not accept `token` (401). Whether another one can be had: then the request is sent once more."""
        ...


class Given:
    """A token that somebody gave us; "" for requests of nobody."""

    def __init__(self, token: str = "") -> None:
        self._token = token.strip()

    def __repr__(self) -> str:
        return "Given(…)"

    async def token(self) -> str:
        return self._token

    def refused(self, token: str) -> bool:
        return False
