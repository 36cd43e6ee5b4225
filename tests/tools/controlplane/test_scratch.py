"""The data folder: gone at the end, and gone after a run that could not clean up."""

import os
from pathlib import Path

import pytest

from tools.controlplane import ports, scratch


def test_the_folder_is_there_and_then_gone(tmp_path: Path) -> None:
    with scratch.folder(tmp_path) as folder:
        assert folder.is_dir() and folder.stat().st_mode & 0o077 == 0
        (folder / "data").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_run_left_is_swept_and_the_living_stay(tmp_path: Path) -> None:
    dead = tmp_path / f"{scratch.PREFIX}dead"
    dead.mkdir()
    (dead / "alive").touch()
    other = tmp_path / "someone-else"
    other.mkdir()
    with scratch.folder(tmp_path) as first, scratch.folder(tmp_path) as second:
        assert sorted(tmp_path.iterdir()) == sorted([first, second, other])


def test_another_users_folder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / f"{scratch.PREFIX}theirs"
    theirs.mkdir()
    (theirs / "alive").touch()
    monkeypatch.setattr(os, "getuid", lambda: theirs.stat().st_uid + 1)
    scratch.sweep(tmp_path)
    assert theirs.exists()


def test_little_memory_means_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "ROOM", 1 << 60)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with scratch.folder() as folder:
        assert folder.parent == tmp_path


def test_ports_are_distinct_and_outside_the_range_of_outgoing_connections() -> None:
    found = ports.free(20)
    lowest, _ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert len(set(found)) == 20
    assert max(found) < int(lowest)
