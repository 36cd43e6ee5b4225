"""The data folder of one run, in memory where there is room, and the removal of what killed runs left behind."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

PREFIX = "trimtab-control-plane-"
MEMORY = Path("/dev/shm")
ROOM = 1 << 30
"""Bytes free in memory-backed storage below which the disk is used: etcd alone lays out 128 MB, and containers often
give /dev/shm 64 MB."""


@contextmanager
def folder(base: Path | None = None) -> Iterator[Path]:
    """A fresh folder, removed at the end. It is locked while its owner lives, so a later run knows a dead one's."""
    base = base or _base()
    sweep(base)
    # Under another name until it is locked: the sweep of a run that starts now must not take it for a dead one's.
    made = Path(tempfile.mkdtemp(prefix=f".new-{PREFIX}", dir=base))
    with (made / "alive").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = made.rename(base / made.name.removeprefix(".new-"))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


def sweep(base: Path) -> None:
    """Remove the folders of this user whose owner is gone."""
    for path in base.glob(f"{PREFIX}*"):
        try:
            if path.stat().st_uid == os.getuid() and not _owned(path / "alive"):
                shutil.rmtree(path, ignore_errors=True)
        except FileNotFoundError:
            continue


def _owned(path: Path) -> bool:
    with path.open("r+") as lock:
        return not _lock(lock)


def _lock(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _base() -> Path:
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
        return MEMORY
    return Path(tempfile.gettempdir())
