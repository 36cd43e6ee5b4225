"""Options and arguments that several commands share."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from trimtab.model.durations import parse_duration
from trimtab.model.keys import AppKey

DEFAULT_NAMESPACE = "argocd"
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class KubeFlags(Struct, frozen=True):
    """Which cluster."""

    kubeconfig: Path | None
    context: str | None


class ClusterFlags(KubeFlags, frozen=True):
    """Which cluster the Applications are in, and in which namespace they are looked for."""

    namespace: str


class AppFlags(ClusterFlags, frozen=True):
    """The same behind a server; `core`: in the cluster, although somebody is logged in to a server."""

    server: str
    core: bool


def gathered(parameter: str, kind: type[Struct], *options: Decorator) -> Decorator:
    """Gives a command these options as the one `parameter`: a `kind`, which has a field for each of them."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def wrapped(*args: Any, **given: Any) -> Any:
            value = kind(**{name: given.pop(name) for name in kind.__struct_fields__})
            return command(*args, **{parameter: value}, **given)

        decorated: Callable[..., Any] = wrapped
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


_KUBECONFIG: tuple[Decorator, ...] = (
    click.option("--kubeconfig", type=click.Path(path_type=Path), help="Kubeconfig file [default: as kubectl's]."),
    click.option("--context", help="Context in the kubeconfig [default: the current one]."),
)
_NAMESPACE = click.option(
    "-n",
    "--namespace",
    default=DEFAULT_NAMESPACE,
    show_default=True,
    # Eager, since the argument NAME needs it.
    is_eager=True,
    help="Namespace of the Applications.",
)

kube_flags = gathered("flags", KubeFlags, *_KUBECONFIG)
"""--kubeconfig and --context, as the one parameter `flags`."""

cluster_flags = gathered("flags", ClusterFlags, *_KUBECONFIG, _NAMESPACE)
"""--kubeconfig, --context and -n, as the one parameter `flags`."""

app_flags = gathered(
    "flags",
    AppFlags,
    *_KUBECONFIG,
    click.option("--server", default="", envvar="TRIMTAB_SERVER", help="Server [default: as `trimtab context` says]."),
    click.option("--core", is_flag=True, help="Talk to the cluster, although logged in to a server."),
    _NAMESPACE,
)
"""The same, and --server and --core: for commands that talk to a server or to a cluster."""


class _AppName(click.ParamType[AppKey]):
    """NAME, or NAMESPACE/NAME."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        namespace, slash, name = str(value).rpartition("/")
        if not name or "/" in namespace or (slash and not namespace):
            self.fail(f"{value!r} is no application: write NAME or NAMESPACE/NAME", param, ctx)
        return AppKey(namespace=namespace, name=name)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list["click.shell_completion.CompletionItem"]:
        # Imported here, since completion must not slow down every other command.
        from trimtab.cli.complete import application_names

        flags = AppFlags(
            kubeconfig=ctx.params.get("kubeconfig"),
            context=ctx.params.get("context"),
            server=ctx.params.get("server") or "",
            core=bool(ctx.params.get("core")),
            namespace=ctx.params.get("namespace") or DEFAULT_NAMESPACE,
        )
        return [click.shell_completion.CompletionItem(name) for name in application_names(flags, incomplete)]


def app_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """The argument NAME, as the parameter `key`; its namespace is that of `-n` where it names none."""
    return click.argument("key", metavar="NAME", type=_AppName(), callback=_located)(command)


def app_option(*names: str, **attributes: Any) -> Decorator:
    """An option that names an Application, None where it is not given."""
    return click.option(*names, metavar="NAME", type=_AppName(), callback=_located, **attributes)


def _located(ctx: click.Context, param: click.Parameter, key: AppKey | None) -> AppKey | None:
    if key is None or key.namespace:
        return key
    return AppKey(namespace=ctx.params["namespace"], name=key.name)


class Duration(click.ParamType[float]):
    """Go's durations; seconds as the value."""

    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, float | int):
            return float(value)
        try:
            seconds = parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if seconds < 0:
            self.fail(f"{value!r} is negative", param, ctx)
        return seconds


def timeout_option(help_: str) -> Decorator:
    """--timeout, as seconds; 0 is for ever."""
    return click.option("--timeout", type=Duration(), default="0", help=f"{help_} (30s, 5m) [default: no limit].")
