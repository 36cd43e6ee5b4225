"""Kubeconfig files: read, merged as kubectl merges them, one context selected. No network.

Facts: kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig (merging, relative paths).
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import yaml
from msgspec import Struct, field

from trimtab.errors import Stalled
from trimtab.kube.credentials import Anonymous, Basic, BearerToken, Credentials, TokenFile
from trimtab.kube.exec_plugin import API_VERSIONS, ExecPlugin, InteractiveMode, resolve_command
from trimtab.text import one_line


class Cluster(Struct, rename="kebab"):
    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    disable_compression: bool = False
    extensions: list[dict[str, Any]] | None = None


class EnvVar(Struct):
    name: str
    value: str = ""


class Exec(Struct, rename="camel"):
    command: str
    args: list[str] | None = None
    env: list[EnvVar] | None = None
    api_version: str = ""
    interactive_mode: InteractiveMode = "IfAvailable"
    install_hint: str = ""
    provide_cluster_info: bool = False


class User(Struct, rename="kebab"):
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = field(default="", name="tokenFile")
    username: str = ""
    password: str = ""
    as_user: str = field(default="", name="as")
    as_uid: str = ""
    as_groups: list[str] = field(default_factory=list)
    as_extra: dict[str, list[str]] = field(default_factory=dict, name="as-user-extra")
    exec: Exec | None = None
    auth_provider: dict[str, Any] | None = None


class Context(Struct):
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _NamedCluster(Struct):
    name: str
    cluster: Cluster | None = None


class _NamedUser(Struct):
    name: str
    user: User | None = None


class _NamedContext(Struct):
    name: str
    context: Context | None = None


class _File(Struct, rename="kebab"):
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None
    current_context: str | None = None


T = TypeVar("T")


class From(Struct, Generic[T], frozen=True):
    """A named entry and the file it is from."""

    kind: str
    name: str
    value: T
    path: Path

    def stalled(self, what: str) -> Stalled:
        return Stalled(f"{self.path}: {self.kind} {self.name!r} {what}", reason="Kubeconfig")

    def file(self, path: str) -> Path:
        """`path` of this entry; a relative one is relative to the kubeconfig's folder."""
        return self.path.parent / Path(path).expanduser()

    def pem(self, what: str, data: str, path: str) -> str | None:
        """PEM from base64 `data`, else from the file at `path`, else None. Raises Stalled."""
        if data:
            try:
                return base64.b64decode("".join(data.split()), validate=True).decode("ascii")
            except ValueError as error:
                raise self.stalled(f"{what}-data is not base64 of PEM; encode it with `base64 -w0`") from error
        if not path:
            return None
        try:
            return self.file(path).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not PEM"
            raise self.stalled(f"{what} {self.file(path)}: {reason}; correct the path") from error


class Merged(Struct, frozen=True):
    """Several files as one: the first file that names an entry wins."""

    paths: tuple[Path, ...]
    clusters: dict[str, From[Cluster]]
    users: dict[str, From[User]]
    contexts: dict[str, From[Context]]
    current: str


class Selection(Struct, frozen=True):
    """One context, resolved."""

    context: str
    namespace: str
    cluster: From[Cluster]
    user: From[User] | None


def read(paths: Sequence[Path], *, must_exist: bool) -> Merged | None:
    """The files that exist, merged; None when none does (Stalled if `must_exist`). Raises Stalled."""
    paths = [path.expanduser() for path in paths]
    loaded = [(path, file) for path in paths if (file := _read_file(path, must_exist=must_exist)) is not None]
    if not loaded:
        return None
    merged = Merged(
        paths=tuple(path for path, _ in loaded), clusters={}, users={}, contexts={}, current=_current(loaded)
    )
    for path, file in loaded:
        for cluster in file.clusters or ():
            merged.clusters.setdefault(cluster.name, From("cluster", cluster.name, cluster.cluster or Cluster(), path))
        for user in file.users or ():
            merged.users.setdefault(user.name, From("user", user.name, user.user or User(), path))
        for context in file.contexts or ():
            merged.contexts.setdefault(context.name, From("context", context.name, context.context or Context(), path))
    return merged


def select(merged: Merged, context: str | None) -> Selection:
    """The context of that name, or the current one. Raises Stalled."""
    where = ", ".join(str(path) for path in merged.paths)
    name = context or merged.current
    known = ", ".join(sorted(merged.contexts)) or "none"
    if not name:
        raise Stalled(f"{where}: no current-context is set; choose a context (there are: {known})", reason="Kubeconfig")
    chosen = merged.contexts.get(name)
    if chosen is None:
        raise Stalled(f"{where}: no context {name!r}; choose one of: {known}", reason="Kubeconfig")
    cluster = merged.clusters.get(chosen.value.cluster)
    if cluster is None:
        raise chosen.stalled(f"names cluster {chosen.value.cluster!r}, which is not there; add it under clusters")
    user = merged.users.get(chosen.value.user)
    if user is None and chosen.value.user:
        raise chosen.stalled(f"names user {chosen.value.user!r}, which is not there; add it under users")
    return Selection(context=name, namespace=chosen.value.namespace, cluster=cluster, user=user)


def credentials_of(chosen: Selection, *, server: str, ca: str | None) -> Credentials:
    """How the selection's user proves who it is, besides a certificate. Raises Stalled."""
    entry = chosen.user
    if entry is None:
        return Anonymous()
    user = entry.value
    if user.username and (user.token or user.token_file):
        raise entry.stalled("has both a token and a user name; keep one of them")
    if user.token_file:
        return TokenFile(entry.file(user.token_file))
    if user.token:
        return BearerToken(user.token)
    if user.username:
        return Basic(user.username, user.password)
    if user.exec:
        return _plugin(entry, user.exec, cluster=_cluster_info(chosen, server=server, ca=ca))
    if user.auth_provider:
        name = user.auth_provider.get("name", "")
        raise entry.stalled(f"uses auth-provider {name!r}, which Kubernetes has removed; use an exec plugin instead")
    return Anonymous()


def _plugin(entry: From[User], exec_: Exec, *, cluster: dict[str, Any]) -> ExecPlugin:
    if exec_.api_version not in API_VERSIONS:
        raise entry.stalled(
            f"exec.apiVersion {exec_.api_version!r} is not supported; use one of {', '.join(API_VERSIONS)}"
        )
    if not exec_.command:
        raise entry.stalled("exec.command is empty; name the plugin's command")
    return ExecPlugin(
        command=resolve_command(exec_.command, entry.path.parent),
        args=tuple(exec_.args or ()),
        env={variable.name: variable.value for variable in exec_.env or ()},
        api_version=exec_.api_version,
        interactive_mode=exec_.interactive_mode,
        install_hint=one_line(exec_.install_hint, limit=500),
        cluster=cluster if exec_.provide_cluster_info else None,
        user=entry.name,
    )


def _cluster_info(chosen: Selection, *, server: str, ca: str | None) -> dict[str, Any]:
    """What a plugin may learn of the cluster; `config` is the extension that is meant for plugins."""
    cluster = chosen.cluster.value
    config = [
        extension.get("extension")
        for extension in cluster.extensions or ()
        if extension.get("name") == "client.authentication.k8s.io/exec"
    ]
    info: dict[str, Any] = {
        "server": server,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(ca.encode()).decode() if ca else "",
        "proxy-url": cluster.proxy_url,
        "config": config[0] if config else None,
    }
    return {key: value for key, value in info.items() if value}


def _current(loaded: Sequence[tuple[Path, _File]]) -> str:
    return next((file.current_context for _, file in loaded if file.current_context), "")


class _Loader(yaml.CSafeLoader):
    """Knows booleans and null only: a token of digits, a name like 1e3 or a date stay the text they are."""


_Loader.yaml_implicit_resolvers = {
    first: kept
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    if (kept := [pair for pair in resolvers if pair[0] in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")])
}


def _read_file(path: Path, *, must_exist: bool) -> _File | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        if not must_exist:
            return None
        raise _unreadable(path, "no such file; check the path") from error
    except OSError as error:
        raise _unreadable(path, f"{error.strerror}; check the path and its permissions") from error
    try:
        content = yaml.load(data, Loader=_Loader)
        return msgspec.convert(_without_nulls(content) if content else {}, _File)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise _unreadable(path, f"{line}{problem}; correct the file") from error
    except (msgspec.ValidationError, RecursionError) as error:
        raise _unreadable(path, f"not a kubeconfig: {error}; correct the file") from error


def _without_nulls(value: Any) -> Any:
    """`value` without null members, which mean the same as leaving them out."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def _unreadable(path: Path, what: str) -> Stalled:
    return Stalled(f"kubeconfig {path}: {what}", reason="Kubeconfig")
