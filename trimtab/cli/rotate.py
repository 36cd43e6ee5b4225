"""`trimtab rotate`."""

import click
from msgspec import Struct

from trimtab.cli.applications import run
from trimtab.cli.environment_file import recorded_environment
from trimtab.cli.flags import ClusterFlags, cluster_flags, gathered
from trimtab.cli.setup import EXIT_CODES, github_token
from trimtab.cli.setup_terminal import ConsoleTerminal
from trimtab.clock import SystemClock
from trimtab.errors import Stalled
from trimtab.kube.config import load
from trimtab.kube.transport import Transport
from trimtab.setup.cluster import Cluster
from trimtab.setup.job import Job, Options
from trimtab.setup.rotate import ROTATIONS
from trimtab.setup.setup import rotate as rotated


class RotateFlags(Struct, frozen=True):
    """How it goes about."""

    retire: bool
    dry_run: bool
    yes: bool


rotate_flags = gathered(
    "how",
    RotateFlags,
    click.option("--retire", is_flag=True, help="Of server-key: end what the key before has signed."),
    click.option("--dry-run", is_flag=True, help="Show the plan and end with 1."),
    click.option("-y", "--yes", is_flag=True, help="Carry the plan out without asking."),
)


@click.command()
@click.argument("what", type=click.Choice(list(ROTATIONS)))
@rotate_flags
@cluster_flags
@click.pass_context
def rotate(ctx: click.Context, /, what: str, flags: ClusterFlags, how: RotateFlags) -> None:
    """Replace a key or secret without a gap: a new one is made and proven, then used, then the old one removed."""
    if how.retire and what != "server-key":
        raise click.UsageError("--retire is for server-key", ctx)
    ctx.exit(run(_rotate(what, how=how, flags=flags)))


async def _rotate(what: str, *, how: RotateFlags, flags: ClusterFlags) -> int:
    async with Transport(load(flags.kubeconfig, flags.context)) as transport:
        cluster = Cluster(transport, namespace=flags.namespace)
        found = await recorded_environment(cluster)
        if found.engine == "argocd" and what != "deploy-key":
            raise Stalled("upstream Argo CD accepts one key at a time: it cannot be rotated without a gap")
        options = Options(engine=found.engine, token=github_token(), retire=how.retire)
        terminal = ConsoleTerminal(browser=False)
        async with Job(found.file, cluster=cluster, terminal=terminal, clock=SystemClock(), options=options) as job:
            return EXIT_CODES[await rotated(job, what, dry_run=how.dry_run, agreed=how.yes)]
