"""Fixtures of the command line's tests."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from tests.cli.stage import Stage
from trimtab.main import run


class Ended(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str


Trimtab = Callable[..., Ended]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user named ana at a terminal of 80 columns, whose home is empty."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "NO_COLOR", "TRIMTAB_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LOGNAME", "ana")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An empty sandbox."""
    with Stage(tmp_path).running() as stage:
        yield stage


@pytest.fixture
def trimtab(capsys: pytest.CaptureFixture[str]) -> Trimtab:
    """Runs a command line: `trimtab("app", "list", kubeconfig=stage.kubeconfig)`."""

    def call(*args: str, kubeconfig: Path | None = None) -> Ended:
        capsys.readouterr()
        code = run([*args, *(["--kubeconfig", str(kubeconfig)] if kubeconfig else [])])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sits somebody at a terminal, who types this; "" is the end of input."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def read(prompt: str) -> str:
        sys.stdout.write(prompt)
        if not (line := sys.stdin.readline()):
            raise EOFError
        return line.rstrip("\n")

    def types(answer: str) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        monkeypatch.setattr(click.termui, "visible_prompt_func", read)

    return types
