"""A line that somebody types. No thread waits for it, so that Ctrl-C ends a command at its question, too."""

import asyncio
import contextlib
import sys
import termios
from collections.abc import Iterator

import click


async def typed(prompt: str, *, hidden: bool = False) -> str:
    """What is typed after `prompt` (shown on stderr), without the end of the line; `hidden`: it does not show.

    Raises click.Abort at the end of the input.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        if not line.done():
            line.set_result(sys.stdin.readline())

    with _unseen() if hidden else contextlib.nullcontext():
        # Only now: whoever answers a prompt at once, by a paste or a script, must find the echo off.
        click.echo(prompt, nl=False, err=True)
        loop.add_reader(sys.stdin, read)
        try:
            found = await line
        finally:
            loop.remove_reader(sys.stdin)
    if not found:
        raise click.Abort
    return found.rstrip("\r\n")


@contextlib.contextmanager
def _unseen() -> Iterator[None]:
    """The terminal shows nothing of what is typed, until the context ends, however it ends."""
    before = termios.tcgetattr(sys.stdin)
    silent = list(before)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        click.echo(err=True)
