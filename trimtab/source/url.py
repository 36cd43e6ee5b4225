"""Repository URLs: which are allowed, and how one is taken apart. Pure.

Everything that reaches the command line of git comes from here, so this is where injections end: a URL that could be
read as an option, a helper (`ext::…`) or a second line is refused.
"""

import hashlib
import re
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from trimtab.errors import Stalled

Scheme = Literal["https", "http", "ssh", "file"]

_SCHEMES: tuple[Scheme, ...] = ("https", "http", "ssh", "file")
_SCP = re.compile(r"(?:(?P<user>[A-Za-z0-9_.+-]+)@)?(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):(?P<path>[^\s]+)")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_HOST = re.compile(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


class RepositoryUrl(Struct, frozen=True, kw_only=True):
    """A URL that git may be given.

    `url` is without credentials (an ssh user stays: it is part of the address). `key` is the same for every spelling
    of one repository. `username` and `password` are what the URL carried; `path` is a `file` repository's folder.
    """

    url: str
    scheme: Scheme
    key: str
    host: str = ""
    path: str = ""
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"RepositoryUrl({self.url!r})"

    @property
    def folder(self) -> str:
        """A file name for this repository: readable, and unique by a digest of `key`."""
        readable = re.sub(r"[^A-Za-z0-9]+", "-", self.key).strip("-")[-60:]
        return f"{readable}-{hashlib.sha256(self.key.encode()).hexdigest()[:12]}"


def parse_url(text: str) -> RepositoryUrl:
    """Take a `repoURL` apart: `https://`, `http://`, `ssh://`, `file://`, `user@host:path` or an absolute path.

    Raises Stalled (InvalidURL) for anything else, without repeating credentials.
    """
    url = text.strip()
    if not url or _CONTROL.search(url) or _CONTROL.search(unquote(url).replace(" ", "")):
        raise _refuse(url, "it is empty or has blanks or control characters")
    if url.startswith("/"):
        return _file(url)
    if "://" in url:
        return _with_scheme(url)
    match = _SCP.fullmatch(url)
    if not match or "::" in url:
        raise _refuse(url, "it is neither a URL nor user@host:path nor an absolute path")
    return _ssh(url, user=match["user"] or "", host=match["host"].strip("[]"), port=None, path=match["path"])


def without_credentials(url: str) -> str:
    """`url` fit for an error message: no user and password in an `http` URL, no query."""
    shown = (
        re.sub(r"(?<=://)[^/@\s]*@", "", url)
        if not url.startswith("ssh:")
        else re.sub(r":[^/@\s]*@", "@", url, count=1)
    )
    return shown.partition("?")[0]


def _with_scheme(url: str) -> RepositoryUrl:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refuse(url, "its port or host is malformed") from None
    host = (parts.hostname or "").lower()
    scheme = parts.scheme.lower()
    if scheme == "file":
        if host not in ("", "localhost"):
            raise _refuse(url, "a file URL has no host; write file:///path")
        return _file(unquote(parts.path))
    if scheme not in _SCHEMES:
        raise _refuse(url, "the scheme must be https, http, ssh or file")
    if not _HOST.fullmatch(host) or host.startswith("-"):
        raise _refuse(url, "its host is missing or malformed")
    if scheme == "ssh":
        return _ssh(url, user=unquote(parts.username or ""), host=host, port=port, path=parts.path)
    return _http(parts.scheme.lower(), host=host, port=port, rest=(parts.path, parts.query), login=_login(parts.netloc))


def _http(scheme: str, *, host: str, port: int | None, rest: tuple[str, str], login: tuple[str, str]) -> RepositoryUrl:
    path, query = rest
    place = _place(host, port, default=443 if scheme == "https" else 80)
    address = f"{scheme}://{place}{path}" + (f"?{query}" if query else "")
    return RepositoryUrl(
        url=address,
        scheme="https" if scheme == "https" else "http",
        key=f"{scheme}://{place}{_repository(path)}" + (f"?{query}" if query else ""),
        host=place,
        username=login[0],
        password=login[1],
    )


def _ssh(url: str, *, user: str, host: str, port: int | None, path: str) -> RepositoryUrl:
    if user.startswith("-") or host.startswith("-") or path.lstrip("/").startswith("-"):
        raise _refuse(url, "user, host and path must not start with a dash")
    place = _place(host.lower(), port, default=22)
    who = f"{quote(user)}@" if user else ""
    shown = f"ssh://{who}{place}{path}" if url.startswith("ssh:") else url
    return RepositoryUrl(url=shown, scheme="ssh", key=f"ssh://{who}{place}{_repository(path)}", host=place)


def _file(path: str) -> RepositoryUrl:
    clean = "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
    if ".." in clean.split("/"):
        raise _refuse(path, "a path must not have '..'")
    return RepositoryUrl(url=f"file://{quote(clean)}", scheme="file", key=f"file://{clean}", path=clean)


def _login(netloc: str) -> tuple[str, str]:
    userinfo = netloc.rpartition("@")[0]
    user, _, password = userinfo.partition(":")
    return unquote(user), unquote(password)


def _place(host: str, port: int | None, *, default: int) -> str:
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port in (None, default) else f"{bracketed}:{port}"


def _repository(path: str) -> str:
    return "/" + path.strip("/").removesuffix(".git")


def _refuse(url: str, why: str) -> Stalled:
    return Stalled(
        f"repository URL {without_credentials(url)!r} cannot be used: {why}; correct repoURL", reason="InvalidURL"
    )
