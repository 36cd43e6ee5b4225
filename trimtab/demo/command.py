"""`trimtab demo`: the story on the screen, then a cluster to play with."""

import asyncio
import logging
import shutil
import signal
import sys
import textwrap
import time

import click
import uvloop

from trimtab.demo.stage import Stage, kubectl, stage
from trimtab.demo.story import STEPS, Step
from trimtab.errors import TrimtabError


@click.command()
@click.option("--once", is_flag=True, help="Run through and exit: 0 only if every step was observed.")
def demo(*, once: bool) -> None:
    """See Trimtab work: an embedded cluster, a Git repository, controller and server, all on this machine."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(message)s")
    sys.exit(uvloop.run(_play(stay=not once)))


async def _play(*, stay: bool) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    began = time.perf_counter()
    _say("Trimtab demo", bold=True)
    _say("Embedded cluster, Git repository, controller and server start in this process.", dim=True)
    async with stage() as made:
        story = asyncio.ensure_future(_tell(made, began))
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait((story, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not story.done():
            story.cancel()
            return 130
        code = story.result()
        if stay:
            _invite(made, await made.admin_password())
            await stopped
        stopped.cancel()
    return code


async def _tell(made: Stage, began: float) -> int:
    """All steps; 0 if every one was observed."""
    for number, step in enumerate(STEPS, start=1):
        if not await _show(made, step, number):
            return 1
    _say(f"\nEvery step was observed, in {time.perf_counter() - began:.0f} s.", bold=True)
    return 0


async def _show(made: Stage, step: Step, number: int) -> bool:
    click.echo()
    _say(f"{number}. {step.__doc__}", bold=True)
    began = time.perf_counter()
    try:
        lines = await step(made)
    except (TrimtabError, AssertionError) as error:
        click.echo(click.style(f"   ✗ {error}", fg="red"), err=True)
        return False
    for line in lines:
        click.echo(_fitted(line))
    click.echo(click.style(f"   ✓ {time.perf_counter() - began:.1f} s", fg="green"))
    return True


def _invite(made: Stage, password: str) -> None:
    _say("\nIt is yours now. In a browser:", bold=True)
    click.echo(f"""
  {made.url}
  user admin, password {password} (drawn for this run)""")
    _say("\nIn another terminal:", bold=True)
    click.echo(f"""
  export KUBECONFIG={made.kubeconfig}
  {kubectl()} get applications -A

  cd {made.repository.checkout}      # edit, commit, git push: seen within seconds

Ctrl-C ends the demo and removes both.""")


def _fitted(line: str) -> str:
    """`line`, indented, over as many lines as the terminal makes of it."""
    width = max(40, shutil.get_terminal_size().columns)
    return textwrap.fill(line, width, initial_indent="   ", subsequent_indent="     ", break_on_hyphens=False) or line


def _say(text: str, *, bold: bool = False, dim: bool = False) -> None:
    click.echo(click.style(text, bold=bold or None, dim=dim or None))
