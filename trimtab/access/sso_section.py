"""Reading one mapping of the login configuration, key by key, with every problem noted and secrets looked up."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from trimtab.access.sso import Problem, Secrets
from trimtab.model.names import ARGOCD_SECRET

_REFERENCE = re.compile(r"\$(?:(?P<secret>[a-z0-9][-a-z0-9.]*):)?(?P<key>[-._a-zA-Z0-9]+)")


class Section:
    """A mapping at `where`. A value that cannot be used is noted in `problems` and counts as left out."""

    def __init__(self, value: object, *, where: str, secrets: Secrets, problems: list[Problem]) -> None:
        self.where = where
        self.problems = problems
        self.fatal = False
        self._secrets = secrets
        self._known: set[str] = set()
        self._value: Mapping[str, Any] = {}
        if isinstance(value, Mapping):
            self._value = value
        elif value is not None:
            self.problem("", "has to be a mapping")

    def problem(self, key: str, what: str) -> None:
        """Note what makes this section unusable."""
        self.fatal = True
        self.problems.append(Problem(self._path(key), what))

    def remark(self, key: str, what: str) -> None:
        """Note what is only worth knowing."""
        self.problems.append(Problem(self._path(key), what, fatal=False))

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        """A string; `$KEY` and `$SECRET:KEY` are looked up."""
        value = self._take(key)
        if value is None or value == "":
            if required:
                self.problem(key, "is missing")
            return default
        if not isinstance(value, str):
            # An id of digits alone is a number to YAML.
            if isinstance(value, bool) or not isinstance(value, int):
                self.problem(key, "has to be a string")
                return default
            value = str(value)
        return self._resolved(key, value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self.problem(key, "has to be a list of strings")
            return ()
        return tuple(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """true or false."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(key, "has to be true or false")
            return default
        return value

    def number(self, key: str) -> int:
        """A whole number above 0; 0 where there is none."""
        value = self._take(key)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            self.problem(key, "has to be a whole number above 0")
            return 0
        return value

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A mapping, as it is."""
        value = self._take(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.problem(key, "has to be a mapping")
            return {}
        return value

    def section(self, key: str) -> "Section":
        """The mapping below a key, to be read in its turn."""
        return self._below(self._take(key), self._path(key))

    def sections(self, key: str) -> list["Section"]:
        """The mappings of the list below a key."""
        value = self._take(key)
        if value is not None and not isinstance(value, list):
            self.problem(key, "has to be a list")
        items = value if isinstance(value, list) else []
        return [self._below(item, f"{self._path(key)}[{number}]") for number, item in enumerate(items)]

    def url(self, key: str, default: str = "") -> str:
        """An address to talk to: https, or plain http on loopback. Without the slash at its end."""
        value = self.text(key, default).rstrip("/")
        if value and (wrong := wrong_with_url(value)):
            self.problem(key, wrong)
        return value

    def ignore(self, *keys: str) -> None:
        """Keys that Argo CD or Dex know and that change nothing here."""
        self._known.update(keys)

    def unknown(self) -> tuple[str, ...]:
        """The keys that nobody asked for."""
        return tuple(str(key) for key in self._value if key not in self._known)

    def _take(self, key: str) -> Any:
        self._known.add(key)
        return self._value.get(key)

    def _below(self, value: object, where: str) -> "Section":
        return Section(value, where=where, secrets=self._secrets, problems=self.problems)

    def _path(self, key: str) -> str:
        if not key:
            return self.where.removesuffix(": ")
        return f"{self.where}{'' if self.where.endswith(': ') else '.'}{key}"

    def _resolved(self, key: str, value: str) -> str:
        if not value.startswith("$"):
            return value
        match = _REFERENCE.fullmatch(value)
        secret = (match["secret"] or ARGOCD_SECRET) if match else ""
        found = self._secrets(secret, match["key"]) if match else None
        if match is None:
            self.problem(key, "begins with $ and names no secret: write $KEY or $SECRET:KEY")
        elif not found or not found.strip():
            self.problem(key, f"{value} is not there: add key {match['key']} to Secret {secret}{_label(secret)}")
        return (found or "").strip()


def wrong_with_url(text: str) -> str:
    """What keeps an address from being talked to with secrets; "" for nothing."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("https", "http") or not host or not text.isprintable() or " " in text or "\\" in text:
        return "has to be a URL like https://host"
    if parts.username is not None or parts.query or parts.fragment:
        return "must have no user, query or fragment"
    if not is_confidential(text):
        return "has to be https: tokens and secrets go there (plain http is for loopback only)"
    return ""


def is_confidential(url: str) -> bool:
    """May secrets go there: by https, or without leaving this computer?"""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return (
        url.isprintable() and bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    )


def is_loopback(host: str) -> bool:
    """localhost, 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _label(secret: str) -> str:
    return "" if secret == ARGOCD_SECRET else ", and the label app.kubernetes.io/part-of: argocd to it"
