"""A Git checkout on disk: its texts read, and a plan written into it, never through a link and never past its scope."""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import pygit2

from trimtab.declare.change import Change
from trimtab.declare.plan import Plan
from trimtab.declare.record import content_id
from trimtab.errors import Stalled

MAX_BYTES = 1 << 20
MAX_FILES = 2000
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Checkout:
    """The work tree that `folder` is in. Paths are from its root, with `/`. Raises Stalled where there is none."""

    def __init__(self, folder: Path) -> None:
        repository = _repository(folder)
        if repository is None or not repository.workdir:
            raise Stalled(f"{folder}: is in no Git checkout; clone the repository, and name the clone by --checkout")
        self._git = repository
        self.root = Path(repository.workdir)

    def refuse_other(self, repository: str) -> None:
        """Raises Stalled where all remotes are of repositories of other names: this is a clone of something else."""
        urls = [remote.url for remote in self._git.remotes if remote.url]
        if urls and not any(_name(url) == repository for url in urls):
            raise Stalled(f"{self.root}: is a clone of {_name(urls[0])}, not of {repository}; name one by --checkout")

    def read(self, path: str) -> str | None:
        """The text of a file; None where there is none. Raises Stalled for a link, and for what is no text."""
        *parents, name = path.split("/")
        with contextlib.ExitStack() as stack:
            try:
                folder = self._open(parents, stack)
                file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            except FileNotFoundError:
                return None
            except OSError as error:
                raise _in_the_way(path, error) from error
            with os.fdopen(file, "rb") as opened:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise Stalled(f"{path}: is no file; move it out of the way")
                data = opened.read(MAX_BYTES + 1)
        return _text(path, data)

    def below(self, folder: str, *, strict: bool) -> dict[str, str]:
        """The texts of all files below a folder. What is a link or no text is left out, or raises Stalled."""
        found: dict[str, str] = {}
        for path in self.paths(folder):
            try:
                text = self.read(path)
            except Stalled:
                if strict:
                    raise
                continue
            if text is not None:
                found[path] = text
        return found

    def paths(self, folder: str) -> list[str]:
        """The paths of all files below a folder, links included. Raises Stalled where there are too many."""
        found: list[str] = []
        for parent, folders, files in os.walk(self.root / folder):
            folders[:] = sorted(one for one in folders if one != ".git")
            inside = Path(parent).relative_to(self.root)
            found += [(inside / name).as_posix() for name in sorted(files)]
            found += [(inside / name).as_posix() for name in folders if (Path(parent) / name).is_symlink()]
            if len(found) > MAX_FILES:
                raise Stalled(f"{folder}: holds more than {MAX_FILES} files; is that the right folder?")
        return found

    def everywhere(self, names: frozenset[str]) -> Iterator[str]:
        """The paths of all files of these names."""
        for parent, folders, files in os.walk(self.root):
            folders[:] = sorted(one for one in folders if one != ".git")
            inside = Path(parent).relative_to(self.root)
            yield from ((inside / name).as_posix() for name in sorted(names.intersection(files)))

    def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder, links left out."""
        try:
            with os.scandir(self.root / folder) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def is_link(self, path: str) -> bool:
        return (self.root / path).is_symlink()

    def stored(self, content: str) -> str | None:
        """The text of a blob in Git, by its id; None where Git has not got it."""
        try:
            found = self._git.get(content)
        except ValueError:
            return None
        return found.data.decode("utf-8", "replace") if isinstance(found, pygit2.Blob) else None

    def uncommitted(self, paths: Sequence[str]) -> frozenset[str]:
        """Those whose text is not the one of the last commit."""
        tree = None if self._git.head_is_unborn else self._git.head.peel(pygit2.Tree)
        return frozenset(path for path in paths if _committed(tree, path) != content_id(self.read(path) or ""))

    def check(self, plan: Plan) -> None:
        """Raises Stalled for a path that is out of scope, a link, no text, or not as the plan found it."""
        for change in plan.changes:
            if plan.scope.outside(change.path):
                raise Stalled(f"{change.path}: is not of this environment; nothing was written", reason="OutOfScope")
            if self.read(change.path) != change.before:
                raise Stalled(f"{change.path}: was changed meanwhile; nothing was written, run this again")

    def write(self, plan: Plan) -> None:
        """Change the files as planned. Raises Stalled, as `check` does, before anything is written."""
        self.check(plan)
        for change in plan.writes:
            self._write(change)

    def _write(self, change: Change) -> None:
        *parents, name = change.path.split("/")
        with contextlib.ExitStack() as stack:
            try:
                folder = self._open(parents, stack, create=change.after is not None)
                if change.after is None:
                    os.unlink(name, dir_fd=folder)
                else:
                    _replace(folder, name, change.after)
            except OSError as error:
                raise _in_the_way(change.path, error) from error
        if change.after is None:
            self._tidy(parents)

    def _open(self, parents: Sequence[str], stack: contextlib.ExitStack, *, create: bool = False) -> int:
        """A descriptor of the folder, reached without following a link."""
        folder = self._opened(os.open(self.root, os.O_RDONLY | os.O_DIRECTORY), stack)
        for name in parents:
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=folder)
            folder = self._opened(os.open(name, _FOLDER, dir_fd=folder), stack)
        return folder

    def _opened(self, descriptor: int, stack: contextlib.ExitStack) -> int:
        stack.callback(os.close, descriptor)
        return descriptor

    def _tidy(self, parents: Sequence[str]) -> None:
        """Remove folders that are empty now: Git has none."""
        for length in range(len(parents), 0, -1):
            try:
                self.root.joinpath(*parents[:length]).rmdir()
            except OSError:
                return


def _name(url: str) -> str:
    """`shop` of `git@github.com:acme/shop.git`. Nothing else of a URL, which may hold a password."""
    return url.rstrip("/").replace(":", "/").rpartition("/")[2].removesuffix(".git")


def _repository(folder: Path) -> pygit2.Repository | None:
    try:
        found = pygit2.discover_repository(str(folder)) if folder.is_dir() else None
        return pygit2.Repository(found) if found else None
    except pygit2.GitError as error:
        raise Stalled(f"{folder}: {error}") from error


def _replace(folder: int, name: str, text: str) -> None:
    """Write beside it, then rename: nobody sees half a file, and its mode stays."""
    try:
        mode = stat.S_IMODE(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        mode = None
    beside = f".{name}.{secrets.token_hex(8)}"
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=folder)
    try:
        with os.fdopen(file, "wb") as opened:
            opened.write(text.encode())
            opened.flush()
            if mode is not None:
                os.fchmod(file, mode)
            os.fsync(file)
        os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=folder)
        raise


def _committed(tree: pygit2.Tree | None, path: str) -> str:
    try:
        return str(tree[path].id) if tree is not None else ""
    except KeyError:
        return ""


def _text(path: str, data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise Stalled(f"{path}: is larger than {MAX_BYTES >> 20} MiB; move it out of the way")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Stalled(f"{path}: is no UTF-8 text; move it out of the way") from error


def _in_the_way(path: str, error: OSError) -> Stalled:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return Stalled(f"{path}: a symbolic link or a file is in its way; files are written through none")
    return Stalled(f"{path}: {error.strerror}")
