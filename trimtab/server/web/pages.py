"""GET /, /login and what they load: static files that hold no data; all they show comes from the API."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from trimtab.server.call import Call
from trimtab.server.failures import not_found
from trimtab.server.operation import NoQuery, Operation
from trimtab.server.reply import Raw

FOLDER = Path(__file__).parent / "static"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FILES = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in TYPES}

Page = Callable[[Call[NoQuery, None]], Awaitable[Raw]]


def _page(name: str) -> Page:
    async def page(call: Call[NoQuery, None]) -> Raw:
        return _file(name, call.request.headers.get("if-none-match", ""))

    return page


async def asset(call: Call[NoQuery, None]) -> Raw:
    """A file that a page loads."""
    return _file(call.params["name"], call.request.headers.get("if-none-match", ""))


def _file(name: str, known: str) -> Raw:
    body = FILES.get(name)
    if body is None:
        raise not_found("Not Found")
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    kind = TYPES[Path(name).suffix]
    if known == tag:
        return Raw(body=b"", status=304, content_type=kind, headers=headers)
    return Raw(body=body, content_type=kind, headers=headers)


def _line(path: str, name: str, handler: Page, summary: str) -> Operation[NoQuery, None]:
    return Operation(
        method="GET",
        path=path,
        id=f"Trimtab_{name}",
        handler=handler,
        needs="public",
        query=NoQuery,
        body=type(None),
        reply=None,
        summary=summary,
    )


OPERATIONS = (
    _line("/", "ListPage", _page("applications.html"), "The list of applications, for people"),
    _line("/applications", "ApplicationsPage", _page("applications.html"), "The same; Argo CD's path"),
    _line("/login", "LoginPage", _page("login.html"), "The login page"),
    _line("/assets/{name}", "Asset", asset, "A file that a page loads"),
)
