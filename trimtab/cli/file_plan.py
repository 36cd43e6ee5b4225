"""A plan of files, shown before it is carried out: the files by folder, then what changes in them."""

import sys
from collections.abc import Iterator
from itertools import groupby

import click

from trimtab.cli.checkout import Checkout
from trimtab.cli.output import echo, wrapped
from trimtab.cli.words import counted
from trimtab.declare.change import Change, unified
from trimtab.declare.plan import Plan
from trimtab.declare.record import NAME
from trimtab.errors import Stalled


def show(plan: Plan) -> None:
    """Print the files that are not as they would be made, and the difference in those that were there."""
    show_files(plan)
    for change in plan.changes:
        if difference := _difference(change):
            echo(f"\n{visible(difference)}".rstrip("\n"))


def show_files(plan: Plan) -> None:
    """Print the files that are not as they would be, by folder."""
    shown = [one for one in plan.changes if one.action != "same"]
    for folder, changes in groupby(shown, key=lambda one: one.path.rpartition("/")[0]):
        echo(f"{visible(folder)}/")
        for change in changes:
            echo(f"  {change.action:<6}  {_named(change)}")


def carry_out(plan: Plan, checkout: Checkout, *, question: str, yes: bool) -> None:
    """Ask, and write. Raises Stalled where nobody can be asked, Abort for a no."""
    if not yes:
        if not sys.stdin.isatty():
            raise Stalled("writing needs a yes, and there is no terminal to ask at; add --yes (or --dry-run)")
        click.confirm(question, abort=True)
    checkout.write(plan)


def say(text: str) -> None:
    """Print a sentence, in lines that fit the terminal; an empty line before it where it begins with one."""
    blank = text.startswith("\n")
    echo(("\n" if blank else "") + wrapped(text.strip(), indent=0))


def outcome(plan: Plan) -> str:
    """`5 files to create, 1 to merge`."""
    first, *others = _counts(plan)
    return ", ".join(
        [f"{counted(first[0], 'file')} to {first[1]}", *(f"{number} to {what}" for number, what in others)]
    )


def visible(text: str) -> str:
    """Text out of a file, with what could steer a terminal escaped."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else ascii(letter)[1:-1] for letter in text)


def _counts(plan: Plan) -> Iterator[tuple[int, str]]:
    for action in ("create", "change", "merge", "remove", "review"):
        if number := sum(one.action == action for one in plan.writes):
            yield number, action


def _named(change: Change) -> str:
    name = visible(change.path.rpartition("/")[2])
    return f"{name} ({change.note})" if change.note else name


def _difference(change: Change) -> str:
    """What a person is to see; new files, and records, are made of what was declared."""
    if change.action == "review":
        return change.after or ""
    if change.action in ("create", "keep", "same") or change.path.endswith(f"/{NAME}"):
        return ""
    return unified(change.path, change.before, change.after)
