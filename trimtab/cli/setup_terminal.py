"""Set-up on a terminal: the plan as a list, progress line by line, questions on stderr."""

import asyncio
import os
import sys
import textwrap
import webbrowser

import click

from trimtab.cli.output import columns, echo, faint
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

    def show(self, plan: Plan) -> None:
        echo(plan_text(plan))

    def begin(self, title: str) -> None:
        echo(click.style(title, bold=True))

    def done(self, line: Line) -> None:
        echo("\n".join(_line(line)))

    def say(self, text: str) -> None:
        echo(_wrapped(text))

    async def confirm(self, question: str) -> bool:
        _refuse_nobody(question, "give --yes")
        return await asyncio.to_thread(click.confirm, question, err=True)

    async def ask(self, question: str, *, variable: str, secret: bool = False) -> str:
        if given := os.environ.get(variable, "").strip():
            return given
        _refuse_nobody(question, f"set {variable}")
        answer: str = await asyncio.to_thread(click.prompt, question, hide_input=secret, err=True)
        return answer.strip()

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
            lines += [text for line in step.lines for text in _line(line)]
    legend = "+ create  ~ change  - delete  = keep  > you click  ? you are asked  ! note"
    return "\n".join([*lines, "", faint(legend), f"Plan: {plan.summary}."])


def _line(line: Line) -> list[str]:
    """The line, and its note below it where both do not fit."""
    mark, color = MARKS[line.action]
    shown = click.style(mark, fg=color) if color else mark
    room = (columns() or WIDTH) - 4
    note = f" ({line.note})" if line.note else ""
    if len(line.subject) + len(note) <= room or not note:
        return [f"  {shown} {line.subject}{faint(note)}"]
    below = textwrap.wrap(line.note, room - 2, break_long_words=False, break_on_hyphens=False)
    return [f"  {shown} {line.subject}", *(faint(f"      {text}") for text in below)]


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
