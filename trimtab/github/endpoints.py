"""Where a GitHub is: github.com, GitHub Enterprise, or one on loopback."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Struct

from trimtab.environment.environment import Environment
from trimtab.errors import Stalled

_ENTERPRISE = "/api/v3"


class Endpoints(Struct, frozen=True, kw_only=True):
    """The addresses of one GitHub; `web` and `api` are URLs without a final slash.

    `ca_pem`: the authorities to trust instead of the system's. Raises Stalled (InvalidEndpoint) for a URL that is none,
    carries credentials, or is `http` beyond loopback, where tokens could be read on the way.
    """

    web: str = "https://github.com"
    api: str = "https://api.github.com"
    ssh_host: str = "github.com"
    ssh_port: int = 22
    ca_pem: str = ""

    def __post_init__(self) -> None:
        for name in ("web", "api"):
            msgspec.structs.force_setattr(self, name, _checked(name, getattr(self, name)))

    @property
    def origin(self) -> str:
        """Scheme, host and port of the API: what a credential may be sent to."""
        parts = urlsplit(self.api)
        return f"{parts.scheme}://{parts.netloc}"


def endpoints_of(env: Environment) -> Endpoints:
    """Those of an environment's GitHub. Raises Stalled (InvalidEndpoint)."""
    return Endpoints(
        web=env.web_url, api=env.api_url, ssh_host=env.ssh_host, ssh_port=env.github.ssh_port, ca_pem=env.github.ca
    )


def enterprise(base_url: str, *, ca_pem: str = "") -> Endpoints:
    """The endpoints behind Argo CD's `githubAppEnterpriseBaseUrl` (`https://ghe.example.com/api/v3`); "" is github.com.

    Raises Stalled (InvalidEndpoint).
    """
    if not base_url:
        return Endpoints(ca_pem=ca_pem)
    api = base_url.strip().rstrip("/")
    web = api.removesuffix(_ENTERPRISE)
    host = urlsplit(web).hostname or ""
    if host.startswith("api.") and web == api:
        web = web.replace("//api.", "//", 1)
        host = host.removeprefix("api.")
    return Endpoints(web=web, api=api, ssh_host=host, ca_pem=ca_pem)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine: 127.0.0.0/8, ::1, localhost and names below it (RFC 6761)."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _checked(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refuse(name, "its host or port is malformed") from None
    if parts.scheme not in ("https", "http") or not re.fullmatch(r"[A-Za-z0-9._:-]+", parts.hostname or ""):
        raise _refuse(name, "it has to be https://HOST")
    if "@" in parts.netloc or parts.query or parts.fragment or port == 0:
        raise _refuse(name, "it has to be scheme, host and path alone")
    _encrypted(name, parts)
    return url.rstrip("/")


def _encrypted(name: str, parts: SplitResult) -> None:
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise _refuse(name, f"http:// is allowed on loopback only; write https://{parts.netloc}{parts.path}")


def _refuse(name: str, why: str) -> Stalled:
    return Stalled(f"GitHub's {name} URL cannot be used: {why}", reason="InvalidEndpoint")
