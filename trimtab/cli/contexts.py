"""The servers that somebody is logged in to: kept in their home, where nobody else reads it.

$XDG_CONFIG_HOME/trimtab/contexts.json (mode 0600)    {"current": "argocd.acme.example", "contexts": {NAME: …}}
"""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from trimtab.errors import Stalled

FILE_MODE, FOLDER_MODE = 0o600, 0o700


class Context(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One login. `server` is a URL without a path; `ca_file` a PEM bundle beside the system's; `insecure`: the
    certificate is not looked at.
    """

    server: str
    token: str = ""
    user: str = ""
    ca_file: str = ""
    insecure: bool = False


class Contexts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All logins by the name of the server, and the one in use ("" for none)."""

    current: str = ""
    contexts: Mapping[str, Context] = {}

    def named(self, name: str) -> Context:
        """By name or URL; a server that nobody is logged in to gives a context without a token."""
        known = self.contexts.get(name) or self.contexts.get(name_of(name))
        return known or Context(server=server_url(name))

    def with_login(self, context: Context) -> "Contexts":
        """With this login, which is in use from now on."""
        name = name_of(context.server)
        return replace(self, current=name, contexts={**self.contexts, name: context})

    def without(self, name: str) -> "Contexts":
        """Without the login to that server."""
        kept = {key: context for key, context in self.contexts.items() if key != name}
        return replace(self, contexts=kept, current="" if self.current == name else self.current)


def name_of(server: str) -> str:
    """What a server is called: host, and port where it says one."""
    return urlsplit(server_url(server)).netloc


def server_url(text: str) -> str:
    """`HOST[:PORT]` or a URL → the URL without a path. Raises Stalled for what is none."""
    parts = urlsplit(text if "://" in text else f"https://{text}")
    try:
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.username is not None:
        raise Stalled(f"{text!r} is no server: write HOST, HOST:PORT or https://HOST", reason="BadRequest")
    return f"{parts.scheme}://{parts.netloc}"


def path_of_contexts() -> Path:
    root = os.environ.get("XDG_CONFIG_HOME")
    return (Path(root) if root else Path.home() / ".config") / "trimtab" / "contexts.json"


def load_contexts(path: Path | None = None) -> Contexts:
    """What is kept; nothing where there is no file. Raises Stalled for one that cannot be read."""
    path = path or path_of_contexts()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Contexts)
    except FileNotFoundError:
        return Contexts()
    except (OSError, msgspec.DecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Stalled(f"{path}: {why}; delete it and log in again", reason="BadContexts") from error


def save_contexts(contexts: Contexts, path: Path | None = None) -> None:
    """Write them in one step: nobody ever reads half of it, or reads it at all but the user."""
    path = path or path_of_contexts()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=".contexts")
        try:
            os.fchmod(descriptor, FILE_MODE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(contexts)) + b"\n")
            Path(new).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(new).unlink()
            raise
    except OSError as error:
        raise Stalled(f"{path}: {error.strerror}", reason="BadContexts") from error
