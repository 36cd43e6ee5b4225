"""`trimtab plan`."""

import datetime as dt
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from trimtab.cli.applications import app_of, connected, run
from trimtab.cli.changes import Change, changes_of, exit_code, text_of, value_of
from trimtab.cli.engine import NAMESPACE, compared, declared_by_folder, prepared
from trimtab.cli.flags import AppFlags, app_flags, app_option, gathered
from trimtab.cli.folder import folder_at
from trimtab.cli.output import OutputFormat, document, echo, output_option
from trimtab.cli.source_flags import SourceFlags, source_flags, with_flags
from trimtab.cli.view import View
from trimtab.errors import Stalled
from trimtab.model.application import Application, ApplicationSpec, Destination, Metadata
from trimtab.model.keys import AppKey, ObjectKey
from trimtab.model.names import GROUP, IN_CLUSTER_SERVER, VERSION
from trimtab.render import DirectoryTree
from trimtab.sync.plan import make_plan
from trimtab.sync.task import Options


class Question(Struct, frozen=True):
    """As which application the folder is planned: as `app`, or as one that the options describe."""

    app: AppKey | None
    live: bool
    name: str
    dest_namespace: str


question_flags = gathered(
    "question",
    Question,
    app_option("--app", help="Plan as this Application, on its cluster."),
    click.option("--live", is_flag=True, help="Compare with the cluster; --context and --kubeconfig imply it."),
    click.option("--name", default="", help="Name of the application [default: that of the folder]."),
    click.option("--dest-namespace", default="default", show_default=True, help="Namespace where objects name none."),
)
"""What is asked about the folder, as the one parameter `question`."""


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@question_flags
@source_flags
@output_option()
@app_flags
@click.pass_context
def plan(
    ctx: click.Context,
    /,
    flags: AppFlags,
    path: Path,
    question: Question,
    rendering: SourceFlags,
    output: OutputFormat,
) -> None:
    """Show what the manifests in the folder PATH would change, step by step. Writes nothing.

    Without a cluster everything is new. With one: + is created, ~ changed, - pruned, > a hook that runs. The folder
    need not be committed. Ends with 0 when nothing differs, with 1 when something does, with 2 or more upon an error.
    """
    online = question.live or bool(question.app or flags.context or flags.kubeconfig)
    look = _online if online else _offline
    changes = run(look(flags, path, question=question, rendering=rendering))
    if not changes:
        raise Stalled(f"{path} declares no objects", reason="Empty")
    if output != "table":
        document(value_of(changes), output)
    else:
        echo(text_of(changes, steps=True))
    ctx.exit(exit_code(changes))


async def _offline(flags: AppFlags, path: Path, *, question: Question, rendering: SourceFlags) -> list[Change]:
    tree, app = folder_at(path, _described(path, question, namespace=flags.namespace))
    return await _planned(_flagged(app, rendering), tree, None)


async def _online(flags: AppFlags, path: Path, *, question: Question, rendering: SourceFlags) -> list[Change]:
    async with connected(flags) as applications:
        if question.app:
            app = app_of(await applications.get(question.app))
        else:
            app = _described(path, question, namespace=flags.namespace)
        tree, placed = folder_at(path, app)
        return await _planned(_flagged(placed, rendering), tree, applications.view(app))


def _described(path: Path, question: Question, *, namespace: str) -> Application:
    """The application that the options describe."""
    return Application(
        api_version=f"{GROUP}/{VERSION}",
        kind="Application",
        metadata=Metadata(name=question.name or path.resolve().name or "plan", namespace=namespace),
        spec=ApplicationSpec(destination=Destination(server=IN_CLUSTER_SERVER, namespace=question.dest_namespace)),
    )


def _flagged(app: Application, rendering: SourceFlags) -> Application:
    source = with_flags(app.spec.all_sources()[0], rendering)
    return replace(app, spec=replace(app.spec, source=source))


async def _planned(app: Application, tree: DirectoryTree, view: View | None) -> list[Change]:
    declared = await declared_by_folder(app, tree, view)
    made = await prepared(declared, view)
    comparison = await compared(declared, made, view)
    options = _options(app)
    existing = await _existing(options.create_namespace, view)
    return changes_of(make_plan(comparison, made.hooks, options), comparison, existing=existing)


def _options(app: Application) -> Options:
    policy = app.spec.sync_policy
    wanted = policy.sync_options if policy else ()
    namespace = app.spec.destination.namespace if "CreateNamespace=true" in wanted else ""
    return Options(prune=True, create_namespace=namespace, started_at=dt.datetime.now(dt.UTC))


async def _existing(namespace: str, view: View | None) -> frozenset[ObjectKey]:
    if not namespace or view is None:
        return frozenset()
    return frozenset(await view.entries({ObjectKey("", "Namespace", "", namespace): NAMESPACE}))
