"""HTTP to an identity provider: small answers, soon, from exactly where they were asked for."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct

from trimtab.server.auth.connectors import ProviderDown

LARGEST = 4 << 20
TIMEOUT = aiohttp.ClientTimeout(total=10.0, connect=5.0)
USER_AGENT = "trimtab"


class Answer(Struct, frozen=True):
    """A whole answer that is neither a redirect nor a failure of the provider itself."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value; None for what is no JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


class ProviderWeb:
    """`name` is what errors call the provider."""

    def __init__(self, session: aiohttp.ClientSession, *, name: str, root_ca: str = "") -> None:
        self._session = session
        self._name = name
        self._root_ca = root_ca
        self._tls: ssl.SSLContext | None = None

    async def get(self, url: str, **headers: str) -> Answer:
        """Raises ProviderDown."""
        return await self._request("GET", url, headers, None)

    async def post(self, url: str, form: Mapping[str, str], **headers: str) -> Answer:
        """Post a form. Raises ProviderDown."""
        return await self._request("POST", url, headers, form)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Answer:
        sent = {"user-agent": USER_AGENT, "accept": "application/json", **headers}
        try:
            # A redirect could carry the secret to another host; no provider needs one here.
            async with self._session.request(
                method, url, headers=sent, data=form, allow_redirects=False, ssl=self._context(), timeout=TIMEOUT
            ) as response:
                body = await _whole(response)
                answer = Answer(response.status, {key.lower(): value for key, value in response.headers.items()}, body)
        except TimeoutError as error:
            raise self._down("does not answer in time", silent=True) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._down(f"cannot be reached ({type(error).__name__})", silent=True) from error
        if answer.status >= 500 or answer.status == 429 or 300 <= answer.status < 400:
            raise self._down(f"answers {answer.status}")
        return answer

    def _context(self) -> ssl.SSLContext:
        """Raises ProviderDown when `rootCA` is neither PEM nor a file of it."""
        if self._tls is None:
            context = ssl.create_default_context()
            try:
                if "BEGIN CERTIFICATE" in self._root_ca:
                    context.load_verify_locations(cadata=self._root_ca)
                elif self._root_ca:
                    context.load_verify_locations(cafile=Path(self._root_ca))
            except OSError as error:
                raise self._down(
                    "cannot be trusted: rootCA is neither a certificate (PEM) nor a file of one"
                ) from error
            self._tls = context
        return self._tls

    def _down(self, what: str, *, silent: bool = False) -> ProviderDown:
        return ProviderDown(f"{self._name} {what}; try again in a moment", silent=silent)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            raise ValueError("the answer is too large")
    return bytes(body)
