"""`trimtab demo`: the story on the screen, then a cluster to play with. `trimtab demo setup`: that of a set-up."""

import logging
import sys

import click
import uvloop

from trimtab.cli.lazy import Lazy, LazyGroup
from trimtab.demo.stage import Stage, kubectl, stage
from trimtab.demo.story import STEPS
from trimtab.demo.telling import Story, play, say

COMMANDS = {
    "setup": Lazy("trimtab.demo.setup.command:setup", "See a whole set-up: deploy key, ingress, login, first push."),
}


@click.group(cls=LazyGroup, table=COMMANDS, invoke_without_command=True)
@click.option("--once", is_flag=True, help="Run through and exit: 0 only if every step was observed.")
@click.pass_context
def demo(ctx: click.Context, *, once: bool) -> None:
    """See Trimtab work: an embedded cluster, a Git repository, controller and server, all on this machine."""
    if ctx.invoked_subcommand is None:
        logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(message)s")
        sys.exit(uvloop.run(play(STORY, stay=not once)))


async def _invite(made: Stage) -> None:
    say("\nIt is yours now. In a browser:", bold=True)
    click.echo(f"""
  {made.url}
  user admin, password {await made.admin_password()} (drawn for this run)""")
    say("\nIn another terminal:", bold=True)
    click.echo(f"""
  export KUBECONFIG={made.kubeconfig}
  {kubectl()} get applications -A

  cd {made.repository.checkout}      # edit, commit, git push: seen within seconds

Ctrl-C ends the demo and removes both.""")


STORY = Story(
    title="Trimtab demo",
    subtitle="Embedded cluster, Git repository, controller and server start in this process.",
    stage=stage,
    steps=STEPS,
    invite=_invite,
)
