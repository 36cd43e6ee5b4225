"""`trimtab plan`."""

import datetime as dt
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from trimtab.cli.applications import app_of, connected, run
from trimtab.cli.changes import Change, changes_of, exit_code, text_of, value_of
from trimtab.cli.direct import DirectCluster, destination_of
from trimtab.cli.engine import NAMESPACE, compared, declared_by_folder, prepared
from trimtab.cli.flags import ClusterFlags, cluster_flags
from trimtab.cli.folder import folder_at
from trimtab.cli.output import OutputFormat, document, echo, output_option
from trimtab.cli.source_flags import SourceFlags, source_flags, with_flags
from trimtab.errors import Stalled
from trimtab.model.application import Application, ApplicationSource, ApplicationSpec, Destination, Metadata
from trimtab.model.keys import AppKey, ObjectKey
from trimtab.model.names import GROUP, IN_CLUSTER_SERVER, VERSION
from trimtab.render import DirectoryTree, Workshop
from trimtab.sync.plan import make_plan
from trimtab.sync.task import Options


class Question(Struct, frozen=True, kw_only=True):
    """What is to be planned: a folder, rendered as `app_name` asks, or as the options say."""

    path: Path
    app_name: str
    name: str
    dest_namespace: str
    rendering: SourceFlags


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--app", "app_name", default="", metavar="NAME", help="Plan as this Application, against its cluster.")
@click.option("--live", is_flag=True, help="Compare with the cluster; --context and --kubeconfig imply it.")
@click.option("--name", default="", help="Name of the application [default: that of the folder].")
@click.option("--dest-namespace", default="default", show_default=True, help="Namespace for objects that name none.")
@source_flags
@output_option()
@cluster_flags
@click.pass_context
def plan(
    ctx: click.Context,
    /,
    flags: ClusterFlags,
    rendering: SourceFlags,
    output: OutputFormat,
    *,
    live: bool,
    **asked: str,
) -> None:
    """Show what the manifests in the folder PATH would change, step by step. Writes nothing.

    Without a cluster everything is new. With one: + is created, ~ changed, - pruned, > a hook that runs. The folder
    need not be committed. Ends with 0 when nothing differs, with 1 when something does, with 2 or more upon an error.
    """
    question = Question(rendering=rendering, **asked)  # type: ignore[arg-type]  # click has checked the types
    online = live or bool(question.app_name or flags.context or flags.kubeconfig)
    changes = run(_online(flags, question) if online else _offline(flags, question))
    if not changes:
        raise Stalled(f"{question.path} declares no objects", reason="Empty")
    if output != "table":
        document(value_of(changes), output)
    else:
        echo(text_of(changes, steps=True))
    ctx.exit(exit_code(changes))


async def _offline(flags: ClusterFlags, question: Question) -> list[Change]:
    tree, app = _described(question, namespace=flags.namespace)
    return await _planned(app, tree, cluster=None)


async def _online(flags: ClusterFlags, question: Question) -> list[Change]:
    async with connected(flags) as applications:
        if not question.app_name:
            tree, app = _described(question, namespace=flags.namespace)
            return await _planned(app, tree, cluster=DirectCluster(applications.transport))
        known = app_of(await applications.get(AppKey(flags.namespace, question.app_name)))
        tree, app = folder_at(question.path, known)
        return await _planned(_flagged(app, question), tree, cluster=destination_of(app, applications))


def _described(question: Question, *, namespace: str) -> tuple[DirectoryTree, Application]:
    app = Application(
        api_version=f"{GROUP}/{VERSION}",
        kind="Application",
        metadata=Metadata(name=question.name or question.path.resolve().name or "plan", namespace=namespace),
        spec=ApplicationSpec(
            source=ApplicationSource(repo_url=question.path.resolve().as_uri()),
            destination=Destination(server=IN_CLUSTER_SERVER, namespace=question.dest_namespace),
        ),
    )
    tree, placed = folder_at(question.path, app)
    return tree, _flagged(placed, question)


def _flagged(app: Application, question: Question) -> Application:
    source = with_flags(app.spec.all_sources()[0], question.rendering)
    return replace(app, spec=replace(app.spec, source=source))


async def _planned(app: Application, tree: DirectoryTree, *, cluster: DirectCluster | None) -> list[Change]:
    async with Workshop() as shop:
        declared = await declared_by_folder(app, tree, cluster=cluster, workshop=shop)
    made = await prepared(declared, cluster)
    comparison = await compared(declared, made, cluster)
    options = _options(app)
    existing = await _existing(options.create_namespace, cluster)
    return changes_of(make_plan(comparison, made.hooks, options), comparison, existing=existing)


def _options(app: Application) -> Options:
    policy = app.spec.sync_policy
    wanted = policy.sync_options if policy else ()
    namespace = app.spec.destination.namespace if "CreateNamespace=true" in wanted else ""
    return Options(prune=True, create_namespace=namespace, started_at=dt.datetime.now(dt.UTC))


async def _existing(namespace: str, cluster: DirectCluster | None) -> frozenset[ObjectKey]:
    if not namespace or cluster is None:
        return frozenset()
    return frozenset(await cluster.entries({ObjectKey("", "Namespace", "", namespace): NAMESPACE}))
