"""`trimtab rotate`."""

import click
from msgspec import Struct

from trimtab.cli.applications import run
from trimtab.cli.flags import ClusterFlags, cluster_flags, gathered
from trimtab.cli.recorded_job import recorded_job
from trimtab.cli.setup import EXIT_CODES
from trimtab.errors import Stalled
from trimtab.setup.job import Options
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
    async with recorded_job(flags, Options(retire=how.retire), browser=False) as job:
        if job.options.engine == "argocd" and what != "deploy-key":
            raise Stalled("upstream Argo CD accepts one key at a time: it cannot be rotated without a gap")
        return EXIT_CODES[await rotated(job, what, dry_run=how.dry_run, agreed=how.yes)]
