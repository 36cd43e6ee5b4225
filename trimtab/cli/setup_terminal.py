"""Set-up on a terminal: the plan as a list, progress line by line, questions on stderr."""

import asyncio
import os
import sys
import textwrap
import webbrowser
from collections.abc import Sequence

import click
from msgspec.structs import replace

from trimtab.cli.output import columns, echo, faint
from trimtab.cli.typed import typed
from trimtab.environment.plan import Action, Line, Plan
from trimtab.errors import Stalled

MARKS: dict[Action, tuple[str, str]] = {
    "create": ("+", "green"),
    "change": ("~", "yellow"),
    "delete": ("-", "red"),
    "keep": ("=", ""),
    "leave": ("=", ""),
    "click": (">", "cyan"),
    "ask": ("?", "cyan"),
    "check": ("✓", "green"),
    "warn": ("!", "yellow"),
}
"""How a line of a plan begins, and in which colour."""
WIDTH = 80


class ConsoleTerminal:
    """Talks to a person. `browser`: whether pages are opened for them."""

    def __init__(self, *, browser: bool) -> None:
        self._browser = browser
        self._title = ""

    def show(self, plan: Plan) -> None:
        echo(plan_text(plan))

    def begin(self, title: str) -> None:
        if title != self._title:
            echo(click.style(title, bold=True))
        self._title = title

    def done(self, line: Line) -> None:
        echo("\n".join(_line(line)))

    def say(self, text: str) -> None:
        echo(_wrapped(text))

    async def confirm(self, question: str) -> bool:
        _refuse_nobody(question, "give --yes")
        while True:
            match (await typed(f"{question} [y/N]: ")).strip().lower():
                case "y" | "yes":
                    return True
                case "" | "n" | "no":
                    return False
            click.echo("Type y or n.", err=True)

    async def ask(self, question: str, *, variable: str, secret: bool = False) -> str:
        if given := os.environ.get(variable, "").strip():
            return given
        _refuse_nobody(question, f"set {variable}")
        while not (answer := (await typed(f"{question}: ", hidden=secret)).strip()):
            pass
        return answer

    async def open(self, url: str, *, why: str) -> None:
        echo(f"  Open this page to {why}:\n  {url}")
        if self._browser:
            await asyncio.to_thread(webbrowser.open, url)


def plan_text(plan: Plan) -> str:
    """The steps with their lines, and how many of each."""
    lines: list[str] = []
    for step in plan.steps:
        if step.lines:
            lines.append(click.style(step.title, bold=True))
            lines += [text for line in _gathered(step.lines) for text in _line(line)]
    legend = "+ create  ~ change  - delete  = keep  > you click  ? you are asked  ! note"
    return "\n".join([*lines, "", faint(legend), f"Plan: {plan.summary}."])


def _gathered(lines: Sequence[Line]) -> list[Line]:
    """Objects of one kind, that the same is done to, on one line: `ServiceAccount trimtab, trimtab-server`."""
    found: list[Line] = []
    for line in lines:
        kind, _, name = line.subject.partition(" ")
        last = found[-1] if found else None
        alike = last is not None and (last.action, last.note) == (line.action, line.note)
        if last and alike and name and " " not in name and last.subject.startswith(f"{kind} "):
            found[-1] = replace(last, subject=f"{last.subject}, {name}")
        else:
            found.append(line)
    return found


def _line(line: Line) -> list[str]:
    """The line, and its note below it where both do not fit."""
    mark, color = MARKS[line.action]
    shown = click.style(mark, fg=color) if color else mark
    room = (columns() or WIDTH) - 4
    note = f" ({line.note})" if line.note else ""
    subject = textwrap.wrap(line.subject, room, break_long_words=False, break_on_hyphens=False)
    first, *rest = [f"  {shown} {subject[0]}", *(f"    {text}" for text in subject[1:])]
    if not rest and len(line.subject) + len(note) <= room:
        return [f"{first}{faint(note) if note else ''}"]
    below = textwrap.wrap(line.note, room - 2, break_long_words=False, break_on_hyphens=False)
    return [first, *rest, *(faint(f"      {text}") for text in below)]


def _wrapped(text: str) -> str:
    room = columns() or WIDTH
    wrap = textwrap.TextWrapper(
        room, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(wrap.wrap(text))


def _refuse_nobody(question: str, otherwise: str) -> None:
    if not sys.stdin.isatty():
        raise Stalled(
            f"{question}: nobody can be asked here; run this in a terminal, or {otherwise}", reason="NoTerminal"
        )
