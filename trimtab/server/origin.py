"""Against requests that another site makes in a person's name: a browser says where a request comes from."""

from urllib.parse import urlsplit

from starlette.requests import Request

from trimtab.server.failures import Failure, denied

SAFE = ("GET", "HEAD", "OPTIONS")


def check_origin(request: Request) -> None:
    """Raises Failure (403) for a write from a page of another origin, whose browser would send our cookie along.

    Programs send neither header. A bearer token proves by itself that the caller knows it.
    """
    if request.method in SAFE or request.headers.get("authorization", "").lower().startswith("bearer "):
        return
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise _foreign()
    origin = request.headers.get("origin")
    if origin is not None and _host(origin) != request.headers.get("host", "").lower():
        raise _foreign()


def _host(origin: str) -> str | None:
    """None for what is no origin."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _foreign() -> Failure:
    return denied("a page of another site may not do this")
