"""How commands print: tables that fit the terminal, JSON, YAML. Colours are left out where nobody sees them."""

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar

import click
import orjson

from trimtab.model.keys import Manifest
from trimtab.render.yaml_writer import dump

OutputFormat = Literal["table", "json", "yaml"]
F = TypeVar("F", bound=Callable[..., Any])

GAP = "  "
NARROWEST = 12
"""A column is not made narrower than this: rather the line is too long."""

COLORS = {
    "Synced": "green",
    "Healthy": "green",
    "Succeeded": "green",
    "Pruned": "green",
    "OutOfSync": "yellow",
    "Missing": "yellow",
    "PruneSkipped": "yellow",
    "Progressing": "cyan",
    "Running": "cyan",
    "Terminating": "cyan",
    "Suspended": "magenta",
    "Degraded": "red",
    "Failed": "red",
    "Error": "red",
    "SyncFailed": "red",
    "create": "green",
    "change": "yellow",
    "prune": "red",
    "ok": "green",
    "warning": "yellow",
    "error": "red",
}
"""The words that have a colour wherever they stand."""


def output_option(*choices: OutputFormat, default: OutputFormat = "table") -> Callable[[F], F]:
    """The option `-o`, as the parameter `output`."""
    return click.option(
        "-o", "--output", type=click.Choice(choices or ("table", "json", "yaml")), default=default, show_default=True
    )


def echo(text: str = "") -> None:
    """Print a line (or several) to stdout; colours only on a terminal, and not where NO_COLOR is set."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)


def paint(word: str) -> str:
    """`word` in its colour, if it has one."""
    return click.style(word, fg=COLORS[word]) if word in COLORS else word


def faint(text: str) -> str:
    return click.style(text, dim=True)


def columns() -> int | None:
    """How wide a line may be; None where the output is read by a program, which gets all of it."""
    if (asked := os.environ.get("COLUMNS", "")).isdecimal():
        return int(asked)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, shrink: Sequence[str] = ()) -> str:
    """A table without rules. On a narrow terminal the columns titled in `shrink` are shortened, the first one first."""
    lines = [list(titles), *(list(row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(titles))]
    room = columns()
    for title in shrink:
        excess = sum(widths) + len(GAP) * (len(titles) - 1) - room if room else 0
        at = list(titles).index(title)
        widths[at] = max(min(widths[at], NARROWEST), widths[at] - max(excess, 0))
    return "\n".join(_line(line, widths) for line in lines)


def annotated(text: str, notes: Iterable[str]) -> str:
    """A table with, below each of its rows, what there is to say of it (nothing, mostly) in full."""
    head, *lines = text.split("\n")
    shown = [
        f"{line}\n{faint(wrapped(note, indent=4))}" if note else line for line, note in zip(lines, notes, strict=True)
    ]
    return "\n".join([head, *shown])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    fitted = [
        cell if len(cell) <= width else cell[: width - 1] + "…" for cell, width in zip(cells, widths, strict=True)
    ]
    padded = [paint(cell) + " " * (width - len(cell)) for cell, width in zip(fitted, widths, strict=True)]
    return GAP.join(padded).rstrip()


def fields(pairs: Iterable[tuple[str, str]]) -> str:
    """`Name:   value`, line by line, long values wrapped; what has no value is left out."""
    shown = [(name, value) for name, value in pairs if value]
    width = max((len(name) for name, _ in shown), default=0) + 1 + len(GAP)
    return "\n".join(f"{name + ':':<{width}}{wrapped(value, indent=width).lstrip()}" for name, value in shown)


def wrapped(text: str, *, indent: int) -> str:
    """`text` in lines that fit, each indented; words, URLs among them, stay whole."""
    blank = " " * indent
    return textwrap.fill(
        text,
        width=columns() or sys.maxsize,
        initial_indent=blank,
        subsequent_indent=blank,
        break_long_words=False,
        break_on_hyphens=False,
    )


def documents(manifests: Iterable[Manifest], output: OutputFormat) -> None:
    """Print objects: as YAML documents, or as one JSON `List`."""
    listed = [presented(manifest) for manifest in manifests]
    if output == "json":
        echo(as_json({"apiVersion": "v1", "kind": "List", "items": listed}))
    else:
        echo("---\n".join(as_yaml(manifest) for manifest in listed).rstrip("\n"))


def document(value: Any, output: OutputFormat) -> None:
    """Print one value as JSON or YAML."""
    echo(as_json(value) if output == "json" else as_yaml(value).rstrip("\n"))


def presented(manifest: Manifest) -> Manifest:
    """What it is comes first; who owns which field is left out, being noise to most readers."""
    metadata = {name: value for name, value in manifest["metadata"].items() if name != "managedFields"}
    head: Manifest = {name: manifest[name] for name in ("apiVersion", "kind") if name in manifest}
    return {**head, "metadata": metadata, **{k: v for k, v in manifest.items() if k not in (*head, "metadata")}}


def as_json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def as_yaml(value: Any) -> str:
    """YAML that kubectl reads back as the same value."""
    return dump(value)
