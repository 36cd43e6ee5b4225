"""Where no image can be built, one line says why."""

from pathlib import Path

import pytest

from tools.image import build, debian, python
from tools.image.__main__ import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return build.home()


def said(capsys: pytest.CaptureFixture[str], output: Path) -> str:
    """The reason, behind the steps that went well."""
    assert main(["build", "--output", str(output)]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("cannot build the image: ")
    assert not output.exists()
    return line


def test_no_debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "this is no Debian" in said(capsys, tmp_path / "image.tar")


def test_another_debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "apt.conf").write_text(f'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "{tmp_path}/none";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    assert "apt finds no Debian bookworm" in said(capsys, tmp_path / "image.tar")


def test_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(debian, "architecture", lambda: "riscv64")
    assert "no Python packages for riscv64, only for amd64 and arm64" in said(capsys, tmp_path / "image.tar")


def test_a_cache_that_cannot_be_written(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.parent.mkdir(parents=True)
    home.write_text("in the way")
    assert str(home) in said(capsys, tmp_path / "image.tar")


def test_every_machine_has_its_name() -> None:
    assert debian.architecture() in python.MACHINES
