"""The files of the image as a folder: what is unpacked where, and what is left away."""

import fnmatch
import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

from tools.image import layout
from tools.image.debian import Deb

SAME_FROM = 1 << 20
"""Bytes from which on two equal files of a folder are worth a link."""


def placed(name: str) -> str | None:
    """Where the file `name` of a package goes, relative to the root; None: nowhere."""
    path = str(PurePosixPath(name))
    first, _, rest = path.partition("/")
    if first in layout.MERGED:
        path = f"usr/{first}/{rest}".rstrip("/")
    if path == ".":
        return None
    return None if any(_matches(path, pattern) for pattern in layout.LEFT_AWAY) else path


def _matches(path: str, pattern: str) -> bool:
    whole = (f"{path}/", f"{pattern}*") if pattern.endswith("/") else (path, pattern)
    return fnmatch.fnmatchcase(*whole)


def begin(root: Path) -> None:
    """The links and folders that packages are unpacked through."""
    for name in layout.MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")


def unpack(deb: Deb, root: Path) -> None:
    """The package's files without its scripts, nobody's setuid bits, and of its documents the licence."""
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb.file], stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        for member in archive:
            path = placed(member.name)
            if path is not None and _is_kept(path, member):
                _write(archive, member, root / path, root=root)


def _is_kept(path: str, member: tarfile.TarInfo) -> bool:
    """Of documents the licence, and the links of one package's folder to another's."""
    is_folder = member.isdir() or (member.issym() and path.count("/") == layout.DOC.count("/"))
    return not path.startswith(layout.DOC) or is_folder or path.endswith("/copyright")


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path, *, root: Path) -> None:
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if member.issym():
        path.symlink_to(member.linkname)
    elif member.islnk():
        path.hardlink_to(root / (placed(member.linkname) or member.linkname))
    elif (content := archive.extractfile(member)) is not None:
        with path.open("wb") as file:
            shutil.copyfileobj(content, file)
        path.chmod(0o755 if member.mode & 0o111 else 0o644)


def tidy(root: Path) -> None:
    """Link equal large files of a folder to the first of them, and remove folders that became empty."""
    for folder in sorted((path for path in root.rglob("*") if _is_folder(path)), reverse=True):
        seen: dict[bytes, Path] = {}
        for path in sorted(folder.iterdir()):
            if path.is_symlink() or not path.is_file() or path.stat().st_size < SAME_FROM:
                continue
            first = seen.setdefault(path.read_bytes(), path)
            if first is not path:
                path.unlink()
                path.symlink_to(first.name)
        if folder.is_relative_to(root / "usr/share") and not any(folder.iterdir()):
            folder.rmdir()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def write(root: Path, name: str, content: str | bytes) -> None:
    """A file of our own; a program if it is where programs are."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o755 if name.startswith(f"{layout.SCRIPTS}/") else 0o644)


def link(root: Path, name: str, target: str) -> None:
    """A symbolic link of our own."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).symlink_to(target)
