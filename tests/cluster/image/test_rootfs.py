"""The folder that the Dockerfile copies holds what the archive holds."""

import hashlib
import os
import stat
from pathlib import Path

from tools.image.__main__ import main


def seen(root: Path) -> dict[str, tuple[object, ...]]:
    """Kind, mode, owner, and target or content of everything below a folder."""
    found: dict[str, tuple[object, ...]] = {}
    for path in root.rglob("*"):
        info = path.lstat()
        content = path.readlink() if path.is_symlink() else _digest(path) if stat.S_ISREG(info.st_mode) else ""
        found[str(path.relative_to(root))] = (oct(info.st_mode), info.st_uid, info.st_gid, content)
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_the_files_are_the_same(root: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        assert main(["rootfs", str(tmp_path / "rootfs")]) == 0
    finally:
        os.umask(before)
    wanted, found = seen(root), seen(tmp_path / "rootfs")
    assert {
        name: (wanted.get(name), found.get(name)) for name in wanted | found if wanted.get(name) != found.get(name)
    } == {}
