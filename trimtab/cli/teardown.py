"""`trimtab teardown`."""

import click
from msgspec import Struct

from trimtab.cli.applications import run
from trimtab.cli.flags import ClusterFlags, Duration, cluster_flags, gathered
from trimtab.cli.output import echo
from trimtab.cli.recorded_job import recorded_job
from trimtab.cli.setup import EXIT_CODES
from trimtab.setup.job import Options
from trimtab.setup.setup import tear_down


class TeardownFlags(Struct, frozen=True):
    """How it goes about."""

    cascade: bool
    dry_run: bool
    yes: bool
    browser: bool
    timeout: float


teardown_flags = gathered(
    "how",
    TeardownFlags,
    click.option("--cascade", is_flag=True, help="Delete what the Applications deployed, too."),
    click.option("--dry-run", is_flag=True, help="Show the plan and end: 1 if there is anything to do."),
    click.option("-y", "--yes", is_flag=True, help="Carry the plan out without asking."),
    click.option("--browser/--no-browser", default=True, help="Open pages by itself."),
    click.option("--timeout", type=Duration(), default="10m", show_default=True, help="Longest wait for deletions."),
)


@click.command()
@teardown_flags
@cluster_flags
@click.pass_context
def teardown(ctx: click.Context, /, flags: ClusterFlags, how: TeardownFlags) -> None:
    """Reverse `trimtab setup`: show what goes and what stays, ask, and remove it.

    What others use stays: their keys in shared ConfigMaps, a namespace or kinds that they need. What Applications
    deployed stays and runs on, unless --cascade says otherwise.
    """
    ctx.exit(run(_tear_down(how, flags)))


async def _tear_down(how: TeardownFlags, flags: ClusterFlags) -> int:
    options = Options(patience=how.timeout, cascade=how.cascade)
    async with recorded_job(flags, options, browser=how.browser) as job:
        outcome = await tear_down(job, dry_run=how.dry_run, agreed=how.yes)
    if outcome in ("nothing", "done"):
        echo(f"Environment {job.env.name} is gone.")
    return EXIT_CODES[outcome]
