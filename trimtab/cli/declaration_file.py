"""Reading a declaration from disk."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from trimtab.cli.words import counted
from trimtab.environment.fields import InvalidDeclaration
from trimtab.errors import Stalled

T = TypeVar("T")


def read_declared(path: Path, read: Callable[[bytes, str], T], *, example: str) -> T:
    """What a file declares; `read` takes its content and its name, `example` is the command that prints one.

    Every problem is told on stderr, one a line. Raises Stalled.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Stalled(f"{path}: {error.strerror}; `{example} > {path.name}` writes one to begin with") from error
    try:
        return read(content, str(path))
    except InvalidDeclaration as error:
        if len(error.problems) == 1:
            raise
        for problem in error.problems:
            click.echo(str(problem), err=True)
        found = counted(len(error.problems), "problem")
        raise Stalled(f"{path}: {found}; nothing was done", reason=error.reason) from error
