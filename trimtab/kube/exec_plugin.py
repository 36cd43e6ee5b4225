"""Credential plugins: run a command that prints an ExecCredential, as client.authentication.k8s.io v1 and v1beta1 say.

Facts: kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import asyncio
import contextlib
import datetime as dt
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from trimtab.clock import parse_rfc3339
from trimtab.errors import Retry, Stalled
from trimtab.text import one_line

GROUP = "client.authentication.k8s.io"
API_VERSIONS = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
TIMEOUT_SECONDS = 60.0
"""For a plugin that may not talk to a person; one that may gets ten times as long."""

InteractiveMode = Literal["Never", "IfAvailable", "Always"]


class ExecPlugin(Struct, frozen=True):
    """A plugin as the kubeconfig configures it. `cluster`: what KUBERNETES_EXEC_INFO tells of the cluster, if asked."""

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    api_version: str = API_VERSIONS[0]
    interactive_mode: InteractiveMode = "IfAvailable"
    install_hint: str = ""
    cluster: Mapping[str, Any] | None = None
    user: str = ""

    def __repr__(self) -> str:
        # Arguments and environment may hold secrets.
        return f"ExecPlugin({self.command!r}, …)"


class ExecAnswer(Struct, frozen=True):
    """What a plugin answered: a token, or a certificate and key (PEM), or both."""

    token: str = ""
    certificate: str = ""
    key: str = ""
    expires: dt.datetime | None = None

    def __repr__(self) -> str:
        return f"ExecAnswer(expires={self.expires})"


class _CredentialStatus(Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: str = ""


class _ExecCredential(Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    status: _CredentialStatus | None = None


async def run_plugin(plugin: ExecPlugin) -> ExecAnswer:
    """Ask the plugin. Raises Retry: it failed or timed out; Stalled: not installed, or answers no ExecCredential."""
    interactive = _is_interactive(plugin)
    env = {**os.environ, **plugin.env, "KUBERNETES_EXEC_INFO": exec_info(plugin, interactive=interactive)}
    stdin = None if interactive else asyncio.subprocess.DEVNULL
    stderr = None if interactive else asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command, *plugin.args, env=env, stdin=stdin, stdout=asyncio.subprocess.PIPE, stderr=stderr
        )
    except OSError as error:
        hint = plugin.install_hint or "install it, or correct exec.command in the kubeconfig"
        raise _stalled(plugin, f"cannot be run ({error.strerror}); {hint}") from error
    out, err = await _output_of(process, plugin, timeout=TIMEOUT_SECONDS * (10 if interactive else 1))
    if process.returncode != 0:
        said = one_line((err or b"").decode(errors="replace"), limit=400) or "nothing on stderr"
        raise _retry(plugin, f"failed with exit code {process.returncode}: {said}")
    return parse_answer(plugin, out)


def exec_info(plugin: ExecPlugin, *, interactive: bool) -> str:
    """The value of KUBERNETES_EXEC_INFO."""
    spec: dict[str, Any] = {"interactive": interactive}
    if plugin.cluster is not None:
        spec["cluster"] = dict(plugin.cluster)
    return msgspec.json.encode({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}).decode()


def parse_answer(plugin: ExecPlugin, out: bytes) -> ExecAnswer:
    """The answer in a plugin's output. Raises Stalled. Nothing of the output gets into the error: it holds secrets."""
    try:
        credential = msgspec.json.decode(out, type=_ExecCredential)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _stalled(plugin, "did not print an ExecCredential as JSON") from error
    if credential.kind != "ExecCredential" or credential.api_version != plugin.api_version:
        got = f"{credential.api_version} {credential.kind}"
        raise _stalled(plugin, f"printed a {one_line(got, limit=80)}, expected {plugin.api_version} ExecCredential")
    status = credential.status
    if status is None or not (status.token or status.client_certificate_data):
        raise _stalled(plugin, "printed neither a token nor a client certificate")
    if bool(status.client_certificate_data) != bool(status.client_key_data):
        raise _stalled(plugin, "printed a client certificate without key, or a key without certificate")
    return ExecAnswer(
        token=status.token,
        certificate=status.client_certificate_data,
        key=status.client_key_data,
        expires=_expiry(plugin, status.expiration_timestamp),
    )


def resolve_command(command: str, folder: Path) -> str:
    """A command with a path is relative to the kubeconfig's folder; a bare one is looked up in PATH."""
    return str(folder / command) if "/" in command else command


def _is_interactive(plugin: ExecPlugin) -> bool:
    # A closed stdin (daemons) is None or raises.
    with contextlib.suppress(AttributeError, ValueError):
        if sys.stdin.isatty():
            return plugin.interactive_mode != "Never"
    if plugin.interactive_mode == "Always":
        raise _stalled(plugin, "asks a person (interactiveMode: Always), but stdin is no terminal")
    return False


async def _output_of(
    process: asyncio.subprocess.Process, plugin: ExecPlugin, *, timeout: float
) -> tuple[bytes, bytes | None]:
    try:
        async with asyncio.timeout(timeout):
            return await process.communicate()
    except TimeoutError as error:
        raise _retry(plugin, f"did not end within {timeout:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _expiry(plugin: ExecPlugin, text: str) -> dt.datetime | None:
    if not text:
        return None
    try:
        moment = parse_rfc3339(text)
    except ValueError as error:
        raise _stalled(plugin, "printed an expirationTimestamp that is no RFC 3339 time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _stalled(plugin: ExecPlugin, what: str) -> Stalled:
    return Stalled(f"{_named(plugin)} {what}", reason="Credentials")


def _retry(plugin: ExecPlugin, what: str) -> Retry:
    # What a plugin asks may be down for a while, as any server.
    return Retry(f"{_named(plugin)} {what}", reason="Credentials")


def _named(plugin: ExecPlugin) -> str:
    return f"credential plugin {plugin.command}" + (f" of user {plugin.user}" if plugin.user else "")
