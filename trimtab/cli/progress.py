"""What long work shows: on a terminal a picture that changes, elsewhere a line for each change. All on stderr."""

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import click

from trimtab.cli.output import faint, table

if TYPE_CHECKING:
    from rich.live import Live

Row = tuple[str, ...]


class Display(Protocol):
    """Takes the whole picture again and again."""

    def show(self, headline: str, rows: Sequence[Row], *, count: str = "") -> None:
        """`headline`: what is going on; `rows`: a line per object; `count`: how far it has come."""
        ...


class Lines:
    """For logs and pipes: the headline and each row, whenever one of them is new or has changed."""

    def __init__(self) -> None:
        self._said: set[Row | str] = set()

    def show(self, headline: str, rows: Sequence[Row], *, count: str = "") -> None:
        for row in rows:
            if row not in self._said:
                self._said.add(row)
                self._say("  ".join(cell for cell in row if cell))
        if headline not in self._said:
            self._said.add(headline)
            self._say(headline)

    def _say(self, line: str) -> None:
        click.echo(line, err=True)


class Picture:
    """For people: a table under a headline with the seconds that have passed."""

    def __init__(self, live: "Live", title: str, titles: Sequence[str]) -> None:
        self._live = live
        self._title = title
        self._titles = titles
        self._start = time.monotonic()

    def show(self, headline: str, rows: Sequence[Row], *, count: str = "") -> None:
        # Here, since rich takes a moment to import and most commands never need it.
        from rich.text import Text

        self._live.update(Text.from_ansi(self._painted(headline, rows, count)), refresh=True)

    def _painted(self, headline: str, rows: Sequence[Row], count: str) -> str:
        room = max(shutil.get_terminal_size().lines - 7, 3)
        shown = rows[-room:]
        hidden = len(rows) - len(shown)
        past = faint("  ".join(filter(None, (f"{time.monotonic() - self._start:.0f} s", count))))
        head = f"{click.style(self._title, bold=True)}  {past}"
        more = [faint(f"({hidden} above)")] if hidden else []
        body = [table(self._titles, shown, shrink=("MESSAGE", "NAME", "KIND"))] if shown else []
        return "\n".join([head, headline, "", *more, *body])


@contextmanager
def display(title: str, titles: Sequence[str]) -> Iterator[Display]:
    """The right display for where stderr goes; a picture vanishes at the end. `titles` must have a MESSAGE column."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
        yield Picture(live, title, titles)
