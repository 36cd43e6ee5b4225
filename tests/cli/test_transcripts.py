"""`tests/cases/cli/*.txt`: what a user types and sees. `pytest tests/cli --update` writes them anew.

    scene: fleet              which scene of `scenes.py` it begins with
    $ trimtab app list        a command; below it what it prints, errors last
    [1]                       its exit code, where it is not 0
    % push                    an act of `scenes.py`

Not shown is the progress of long work (stderr but for the error), since it depends on how quick the machine is.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Trimtab
from tests.cli.scenes import ACTS, SCENES
from tests.cli.stage import Stage

CASES = Path(__file__).parent.parent / "cases" / "cli"
THROUGH_A_SERVER = ("delete", "driven", "get", "history", "list", "wait")
"""Those that speak of Applications; the others are about a cluster, or about none."""
MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "2026-03-01T12:00:00Z"),
    (re.compile(r'(uid"?: "?)[0-9a-f-]{36}'), r"\g<1>00000000-0000-0000-0000-000000000000"),
    (re.compile(r"""(resourceVersion"?: ['"])\d+"""), r"\g<1>1"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://127.0.0.1:6443"),
)


@pytest.mark.parametrize("path", sorted(CASES.glob("*.txt")), ids=lambda path: path.stem)
def test_transcript(
    path: Path, stage: Stage, trimtab: Trimtab, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(stage.folder)
    written = path.read_text()
    played = "\n".join(_played(written, stage, trimtab)) + "\n"
    if request.config.getoption("--update", default=False):
        path.write_text(played)
    assert played == path.read_text()


@pytest.mark.parametrize("name", THROUGH_A_SERVER)
def test_the_same_through_a_server(name: str, stage: Stage, trimtab: Trimtab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same commands, same output."""
    monkeypatch.chdir(stage.folder)
    written = (CASES / f"{name}.txt").read_text()
    played = "\n".join(_played(written, stage, trimtab, logged_in=True)) + "\n"
    assert played == written


def _played(written: str, stage: Stage, trimtab: Trimtab, *, logged_in: bool = False) -> Iterator[str]:
    for line in written.splitlines():
        if line.startswith("scene: "):
            SCENES[line.removeprefix("scene: ")](stage)
            if logged_in:
                _log_in(stage, trimtab)
            yield line
        elif line.startswith("% "):
            ACTS[line.removeprefix("% ")](stage)
            yield from ("", line)
        elif line.startswith("$ trimtab "):
            yield from ("", line)
            yield from _answer(line, stage, trimtab, logged_in=logged_in)


def _log_in(stage: Stage, trimtab: Trimtab) -> None:
    stage.account("ana", "correct-horse")
    ended = trimtab("login", stage.serve(), "--username", "ana", "--password", "correct-horse")
    assert ended.code == 0, ended.err


def _answer(line: str, stage: Stage, trimtab: Trimtab, *, logged_in: bool) -> Iterator[str]:
    typed = line.removeprefix("$ trimtab ").replace("{repo}", stage.repo.url)
    offline = logged_in or (typed.split()[0] != "app" and "--app" not in typed and "--live" not in typed)
    ended = trimtab(*shlex.split(typed), kubeconfig=None if offline else stage.kubeconfig)
    shown = ended.out + "".join(line for line in ended.err.splitlines(True) if not _is_progress(typed, line))
    shown = shown.replace(str(stage.folder), "{here}")
    for pattern, mask in MASKS:
        shown = pattern.sub(mask, shown)
    yield from shown.rstrip("\n").split("\n")
    if ended.code:
        yield f"[{ended.code}]"


def _is_progress(typed: str, line: str) -> bool:
    long_work = typed.startswith(("app sync", "app wait", "app rollback", "app delete"))
    return long_work and not line.startswith("trimtab:")
