"""One call of a server's API at a time, by the standard library: a command asks for little, and must start quickly."""

import asyncio
import http.client
import json
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct

from trimtab.cli.contexts import Context, name_of
from trimtab.errors import Retry, Stalled, TrimtabError

SECONDS = 90.0
"""A server has this long to answer."""
Query = Sequence[tuple[str, str]]


class Refusal(Stalled):
    """The server said no. `status` is HTTP's, `code` gRPC's."""

    def __init__(self, message: str, *, status: int, code: int) -> None:
        super().__init__(message, reason=f"Server{status}")
        self.status = status
        self.code = code


class ServerClient(Struct, frozen=True):
    """Calls the server of a context as its user."""

    context: Context

    async def get(self, *path: str, query: Query = (), seconds: float = SECONDS) -> Any:
        """The body of the answer. `path` is below /api/v1, part by part; every part is escaped.

        Raises Refusal for what the server refuses, Retry where it cannot be reached, Stalled where it is none.
        """
        return await asyncio.to_thread(self._call, "GET", _target(path, query), None, seconds=seconds)

    async def send(self, method: str, *path: str, query: Query = (), body: Any = None) -> Any:
        """As `get`, for any method; `body` is sent as JSON."""
        return await self.raw(method, _target(path, query), body=body)

    async def raw(self, method: str, target: str, *, body: Any = None) -> Any:
        """As `send`, for any path of the server."""
        return await asyncio.to_thread(self._call, method, target, body)

    def _call(self, method: str, target: str, body: Any, *, seconds: float = SECONDS) -> Any:
        headers = {"accept": "application/json", "content-type": "application/json"}
        if self.context.token:
            headers["authorization"] = f"Bearer {self.context.token}"
        connection = self._connection(seconds)
        try:
            connection.request(method, target, body=None if body is None else json.dumps(body), headers=headers)
            response = connection.getresponse()
            content = response.read()
        except ssl.SSLError as error:
            raise self._untrusted(error) from error
        except (OSError, http.client.HTTPException) as error:
            raise Retry(f"{self.context.server} cannot be reached: {error}", reason="Unreachable") from error
        finally:
            connection.close()
        return self._read(response.status, content)

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        parts = urlsplit(self.context.server)
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.netloc, timeout=seconds)
        return http.client.HTTPSConnection(parts.netloc, timeout=seconds, context=self._tls())

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        try:
            if self.context.ca_file:
                context.load_verify_locations(self.context.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise Stalled(f"{self.context.ca_file}: {error}; give a PEM file", reason="BadCertificate") from error
        if self.context.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _read(self, status: int, content: bytes) -> Any:
        try:
            answer = json.loads(content or b"{}")
        except ValueError as error:
            raise Stalled(f"{self.context.server} does not speak Argo CD's API (HTTP {status})") from error
        if status < 400:
            return answer
        raise self._refusal(status, answer if isinstance(answer, dict) else {})

    def _refusal(self, status: int, answer: dict[str, Any]) -> TrimtabError:
        message = str(answer.get("message") or f"HTTP {status}")
        if status == 401 and self.context.token:
            message = f"{message}; `trimtab login {name_of(self.context.server)}` logs in again"
        elif status == 401:
            message = f"{message}; `trimtab login {name_of(self.context.server)}` logs in"
        if status in (429, 503, 504):
            return Retry(message, reason="Busy")
        return Refusal(message, status=status, code=int(answer.get("code") or 0))

    def _untrusted(self, error: ssl.SSLError) -> Stalled:
        why = getattr(error, "verify_message", "") or str(error)
        hint = "--ca-file names its CA at login, --insecure trusts it as it is"
        return Stalled(f"certificate of {self.context.server}: {why}; {hint}", reason="Untrusted")


def _target(path: Sequence[str], query: Query) -> str:
    target = "/api/v1/" + "/".join(quote(part, safe="") for part in path)
    return f"{target}?{urlencode(query)}" if query else target
