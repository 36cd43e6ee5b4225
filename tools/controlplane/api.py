"""As much of an HTTP client as starting a control plane and checking on it needs; it shares nothing with Trimtab's."""

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

Object = dict[str, Any]


class ApiError(Exception):
    """The server said no: `status` is the HTTP code, the text its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One user's view of a server at `url`."""

    def __init__(self, url: str, *, authority: Path, token: str) -> None:
        context = ssl.create_default_context(cafile=authority)
        # An empty table: a proxy in the environment must not get between us and the loopback interface.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        self._url = url
        self._token = token

    def request(
        self, method: str, path: str, body: Object | None = None, *, content_type: str = "application/json"
    ) -> Object:
        """The decoded answer. Raises ApiError for an error status, OSError when nobody answers."""
        text = self._send(method, path, None if body is None else json.dumps(body).encode(), content_type)
        answer: Object = json.loads(text)
        return answer

    def ready(self) -> bool:
        """Whether `/readyz` says ok; never raises."""
        try:
            return self._send("GET", "/readyz", None, "application/json") == b"ok"
        except (ApiError, OSError):
            return False

    def _send(self, method: str, path: str, body: bytes | None, content_type: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", "Content-Type": content_type}
        request = urllib.request.Request(self._url + path, data=body, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=10) as response:
                content: bytes = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(error.code, _message(error.read())) from None
        return content


def _message(content: bytes) -> str:
    """The `message` of a Status object, else the body as it is."""
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace").strip()
