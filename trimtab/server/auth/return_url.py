"""Where a login may lead to: a page of this server, and nowhere else."""

from collections.abc import Sequence
from urllib.parse import urlsplit

LONGEST = 2048


def base_of(host: str, urls: Sequence[str]) -> str:
    """The one of the configured URLs by which a request came, else the first; "" when there is none."""
    return came_by(host, urls) or (urls[0] if urls else "")


def came_by(host: str, urls: Sequence[str]) -> str:
    """The one of the configured URLs that a request's `Host` is of; "" for none of them."""
    wanted = host.lower()
    for url in urls:
        parts = urlsplit(url)
        if wanted in (parts.netloc.lower(), f"{parts.hostname}:{_port(url)}"):
            return url
    return ""


def return_path(wanted: str, urls: Sequence[str]) -> str | None:
    """The path to go to after a login. None for what could lead elsewhere: browsers take `\\` for `/`, and skip
    control characters. A whole URL counts when it begins with one of the configured.
    """
    if len(wanted) > LONGEST or not wanted.isascii() or not wanted.isprintable() or set(wanted) & set('\\ "<>`{}|^'):
        return None
    for url in urls:
        if wanted == url or wanted.startswith((f"{url}/", f"{url}?", f"{url}#")):
            wanted = urlsplit(url).path + wanted[len(url) :] or "/"
            wanted = wanted if wanted.startswith("/") else f"/{wanted}"
            break
    decoded = wanted.lower().replace("%2f", "/").replace("%5c", "\\")
    if not decoded.startswith("/") or decoded.startswith(("//", "/\\")):
        return None
    return wanted


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
