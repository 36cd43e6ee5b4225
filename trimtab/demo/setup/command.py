"""`trimtab demo setup`."""

import logging
import sys
import sysconfig
from functools import partial

import click
import uvloop

from trimtab.demo.setup import content
from trimtab.demo.setup.stage import SetUpStage, setup_stage
from trimtab.demo.setup.story import STEPS
from trimtab.demo.telling import Story, play, say


@click.command()
@click.option("--once", is_flag=True, help="Click by itself and exit: 0 only if every step was observed.")
def setup(*, once: bool) -> None:
    """See a whole set-up: an empty cluster, a GitHub, an ingress with TLS, all on this machine.

    You click in your browser as you would on GitHub. Needs nginx, sshd and Git, and nothing on the Internet.
    """
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(message)s")
    story = Story(
        title="Trimtab demo: set-up",
        subtitle="A cluster, GitHub with Git over SSH, and nginx as ingress, all on this machine.",
        stage=partial(setup_stage, stay=not once),
        steps=STEPS,
        invite=_invite,
    )
    sys.exit(uvloop.run(play(story, stay=not once)))


async def _invite(made: SetUpStage) -> None:
    say("\nIt is yours now. In a browser:", bold=True)
    click.echo(f"""
  {made.url}
  Its certificate is of an authority that this run has made: accept it once, or
  have your browser trust {made.authority}
  Log in with GitHub as {content.OWNER}; as {content.COLLEAGUE} or {content.OUTSIDER} you are refused.
  {made.github.url}/logout is where GitHub lets you be somebody else.""")
    say("\nIn another terminal:", bold=True)
    click.echo(f"""
  export PATH={sysconfig.get_path("scripts")}:$PATH
  export KUBECONFIG={made.kubeconfig}
  export SSL_CERT_FILE={made.authority}
  kubectl -n {content.NAMESPACE} get applications,ingresses,secrets
  trimtab doctor
  trimtab rotate deploy-key
  trimtab teardown

  cd {made.repository.checkout}
  # edit, commit, git push: GitHub's webhook tells of it

Ctrl-C ends the demo and removes everything.""")
