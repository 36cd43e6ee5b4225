"""From a `RepositoryAccess` to what git is told: settings, environment and short-lived files.

Nothing secret is ever on a command line or in a mirror's own configuration.
"""

import base64
import contextlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from msgspec import Struct

from trimtab.errors import Stalled
from trimtab.model.repository import RepositoryAccess
from trimtab.source.url import RepositoryUrl

_PROTOCOLS = {"https": "https", "http": "http:https", "ssh": "ssh", "file": "file"}
"""What each kind of URL may use: `http` may be sent on to `https`, never the other way."""

_TOKEN_USER = "x-access-token"  # noqa: S105 - a user name
"""Forges take any name with a token, GitHub's documented one where the Secret gives none."""

_PREFIX = "trimtab-git-"
"""Of the folders for short-lived files; the number of the process follows."""

_SILENCE = 30
"""Seconds that an HTTP server may send nothing at all."""

_SSH_OPTIONS = (
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "GlobalKnownHostsFile=/dev/null",
    "StrictHostKeyChecking=yes",
    "BatchMode=yes",
    "PreferredAuthentications=publickey",
    "UpdateHostKeys=no",
    "ConnectTimeout=10",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
)


class Login(Struct, frozen=True, kw_only=True):
    """How git reaches one repository. `secrets` must not appear in any message."""

    config: dict[str, str]
    environment: dict[str, str]
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Login(…)"


@contextlib.contextmanager
def login(url: RepositoryUrl, access: RepositoryAccess) -> Iterator[Login]:
    """The login for one run of git; its files (mode 0600, in a folder of mode 0700) are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:
        yield _LOGINS[url.scheme](url, access, Path(folder))


@lru_cache(maxsize=1)
def remove_leftovers() -> None:
    """Remove the files of processes that were killed, once in this process and before its first login."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if process.isdigit() and (int(process) == os.getpid() or not _is_alive(int(process))):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _file(url: RepositoryUrl, access: RepositoryAccess, folder: Path) -> Login:
    return Login(config={}, environment={"GIT_ALLOW_PROTOCOL": _PROTOCOLS[url.scheme]})


def _http(url: RepositoryUrl, access: RepositoryAccess, folder: Path) -> Login:
    header, secrets = _authorization(url, access)
    config = {"http.lowSpeedLimit": "1", "http.lowSpeedTime": str(_SILENCE)}
    if header:
        config["http.extraHeader"] = f"Authorization: {header}"
    if access.insecure:
        config["http.sslVerify"] = "false"
    files = {
        "http.sslCAInfo": access.ca_pem,
        "http.sslCert": access.tls_client_cert,
        "http.sslKey": access.tls_client_key,
    }
    for setting, text in files.items():
        if text:
            config[setting] = str(_write(folder / setting, text))
    # git would show the header to whatever host it is sent on to; `redirect.py` looks where that is.
    config["http.followRedirects"] = "false" if header or access.tls_client_key else "initial"
    environment = {"GIT_ALLOW_PROTOCOL": _PROTOCOLS[url.scheme]}
    if access.proxy:
        config["http.proxy"] = access.proxy
        environment |= {"NO_PROXY": access.no_proxy, "no_proxy": access.no_proxy}
        secrets = (*secrets, *filter(None, [urlsplit(access.proxy).password]))
    return Login(config=config, environment=environment, secrets=secrets)


def _ssh(url: RepositoryUrl, access: RepositoryAccess, folder: Path) -> Login:
    if access.proxy:
        raise Stalled(
            f"{url.url}: a proxy is not supported for ssh; remove it from the repository Secret or use an https URL",
            reason="ProxyNotSupported",
        )
    if _is_encrypted(access.ssh_private_key):
        raise Stalled(
            f"{url.url}: sshPrivateKey has a passphrase, which nobody can type here; give a key without one",
            reason="InvalidPrivateKey",
        )
    key = str(_write(folder / "key", access.ssh_private_key)) if access.ssh_private_key else "none"
    known_hosts = _write(folder / "known_hosts", access.known_hosts)
    options = (f"IdentityFile={key}", f"UserKnownHostsFile={known_hosts}", *_SSH_OPTIONS)
    command = ["ssh", "-F", "/dev/null", *(word for option in options for word in ("-o", option))]
    environment = {
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS[url.scheme],
        "GIT_SSH_COMMAND": shlex.join(command),
        "GIT_SSH_VARIANT": "ssh",
    }
    return Login(config={}, environment=environment)


_LOGINS = {"https": _http, "http": _http, "ssh": _ssh, "file": _file}


def _authorization(url: RepositoryUrl, access: RepositoryAccess) -> tuple[str, tuple[str, ...]]:
    """The Authorization header ("" = none), and every form in which its secret could be repeated by a server."""
    if access.bearer_token:
        return f"Bearer {_single(url, access.bearer_token)}", (access.bearer_token,)
    user = access.username or url.username
    password = access.password or url.password
    if not (user or password):
        return "", ()
    pair = base64.b64encode(f"{user or _TOKEN_USER}:{password}".encode()).decode()
    # A URL may carry the token alone, as its user.
    secret = password or user
    return f"Basic {pair}", tuple({secret, quote(secret, safe=""), pair})


def _single(url: RepositoryUrl, token: str) -> str:
    if any(ord(letter) < 0x21 for letter in token):
        raise Stalled(f"{url.url}: bearerToken has blanks or line ends; correct the Secret", reason="InvalidToken")
    return token


def _is_encrypted(key: str) -> bool:
    """Whether a private key has a passphrase: PEM says so in its header, OpenSSH's own format in its first bytes."""
    if "ENCRYPTED" in key:
        return True
    body = "".join(line.strip() for line in key.splitlines() if not line.startswith("-"))
    with contextlib.suppress(ValueError):
        return "OPENSSH" in key and b"bcrypt" in base64.b64decode(body)[:64]
    return False


def _write(path: Path, text: str) -> Path:
    """A file only we can read. ssh refuses keys with Windows line ends or without a last line end: Secrets often have
    either."""
    path.touch(mode=0o600)
    path.write_text(text.replace("\r\n", "\n").rstrip("\n") + "\n")
    return path
