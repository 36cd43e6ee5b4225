"""`trimtab setup`."""

import os
from collections.abc import Mapping
from pathlib import Path

import click
from msgspec import Struct

from trimtab.cli.applications import run
from trimtab.cli.environment_file import read_file
from trimtab.cli.flags import Duration, KubeFlags, gathered, kube_flags
from trimtab.cli.output import echo
from trimtab.cli.setup_terminal import ConsoleTerminal
from trimtab.clock import SystemClock
from trimtab.environment.environment import Engine
from trimtab.kube.config import load
from trimtab.kube.transport import Transport
from trimtab.setup.cluster import Cluster
from trimtab.setup.job import Job, Options
from trimtab.setup.setup import Outcome, set_up

EXIT_CODES: Mapping[Outcome, int] = {"nothing": 0, "done": 0, "planned": 1, "refused": 1}


class SetupFlags(Struct, frozen=True):
    """How it goes about."""

    file: Path
    engine: Engine
    dry_run: bool
    yes: bool
    browser: bool
    port: int
    timeout: float


setup_flags = gathered(
    "how",
    SetupFlags,
    click.option("-f", "--file", required=True, type=click.Path(path_type=Path), help="The environment file."),
    click.option(
        "--engine",
        type=click.Choice(["trimtab", "argocd"]),
        default="trimtab",
        show_default=True,
        help="What keeps the applications: argocd configures an Argo CD that is there.",
    ),
    click.option("--dry-run", is_flag=True, help="Show the plan and end: 1 if there is anything to do."),
    click.option("-y", "--yes", is_flag=True, help="Carry the plan out without asking."),
    click.option("--browser/--no-browser", default=True, help="Open pages by itself."),
    click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the page on loopback [default: any]."),
    click.option(
        "--timeout",
        type=Duration(),
        default="10m",
        show_default=True,
        help="Longest wait for pods, DNS, a certificate.",
    ),
)


@click.command()
@setup_flags
@kube_flags
@click.pass_context
def setup(ctx: click.Context, /, flags: KubeFlags, how: SetupFlags) -> None:
    """Set up an environment: show what is missing, ask, and make it.

    Running it again changes nothing, or goes on where it was interrupted. GITHUB_TOKEN (or GH_TOKEN) is used where no
    GitHub App may do the work. Everything is undone by `trimtab teardown`.
    """
    ctx.exit(run(_set_up(how, flags)))


async def _set_up(how: SetupFlags, flags: KubeFlags) -> int:
    read = read_file(how.file)
    terminal = ConsoleTerminal(browser=how.browser)
    options = Options(engine=how.engine, token=github_token(), page_port=how.port, patience=how.timeout)
    async with Transport(load(flags.kubeconfig, flags.context)) as transport:
        cluster = Cluster(transport, namespace=read.env.namespace)
        async with Job(read, cluster=cluster, terminal=terminal, clock=SystemClock(), options=options) as job:
            outcome = await set_up(job, dry_run=how.dry_run, agreed=how.yes)
    if outcome in ("nothing", "done"):
        echo(f"Environment {read.env.name} is set up: {read.env.url}")
    return EXIT_CODES[outcome]


def github_token() -> str:
    """Of the person, from the environment as `gh` reads it."""
    return os.environ.get("GITHUB_TOKEN", "") or os.environ.get("GH_TOKEN", "")
