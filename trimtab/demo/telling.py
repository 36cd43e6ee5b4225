"""How a story is told: step by step on the screen, then what was made is left to the newcomer."""

import asyncio
import contextlib
import shutil
import signal
import textwrap
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import click
from msgspec import Struct

from trimtab.errors import TrimtabError

S = TypeVar("S")


class Story(Struct, Generic[S], frozen=True):
    """`stage` opens what the steps play on; `invite` gives the last words.

    A step does something and returns once its effect was observed, with the lines that tell of it; its docstring is its
    title. It raises TrimtabError or AssertionError when the effect was not observed.
    """

    title: str
    subtitle: str
    stage: Callable[[], contextlib.AbstractAsyncContextManager[S]]
    steps: tuple[Callable[[S], Awaitable[list[str]]], ...]
    invite: Callable[[S], Awaitable[None]]


async def play(story: Story[S], *, stay: bool) -> int:
    """Tell it, and with `stay` leave the stage to the newcomer until Ctrl-C; 0 if every step was observed."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    began = time.perf_counter()
    say(story.title, bold=True)
    say(story.subtitle, dim=True)
    async with story.stage() as made:
        telling = asyncio.ensure_future(_tell(story, made, began))
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait((telling, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not telling.done():
            telling.cancel()
            return 130
        code = telling.result()
        if stay:
            await story.invite(made)
            await stopped
        stopped.cancel()
    return code


def say(text: str, *, bold: bool = False, dim: bool = False) -> None:
    click.echo(click.style(text, bold=bold or None, dim=dim or None))


async def _tell(story: Story[S], made: S, began: float) -> int:
    """All steps; 0 if every one was observed."""
    for number, step in enumerate(story.steps, start=1):
        if not await _show(made, step, number):
            return 1
    say(f"\nEvery step was observed, in {time.perf_counter() - began:.0f} s.", bold=True)
    return 0


async def _show(made: S, step: Callable[[S], Awaitable[list[str]]], number: int) -> bool:
    click.echo()
    say(_fitted(f"{number}. {step.__doc__}", first=""), bold=True)
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


def _fitted(line: str, *, first: str = "   ") -> str:
    """`line`, indented by `first`, over as many lines as the terminal makes of it."""
    width = max(40, shutil.get_terminal_size().columns)
    rest = f"{first}  " if first else "   "
    return textwrap.fill(line, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False) or line
