"""The files of a job, written to disk in a worker for tools that want them there."""

import errno
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from trimtab.errors import Stalled
from trimtab.render.jobs import SourceFile

MAX_SOURCE_BYTES: Final = 64 * 1024 * 1024
"""Of all files that a chart or kustomization reaches together."""

_NO_FILE_NAME = frozenset((errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EINVAL))


@contextmanager
def written(files: Iterable[SourceFile], folder: Path) -> Iterator[Path]:
    """A fresh folder below `folder` with the files in it, removed at the end. Raises Stalled for an impossible name."""
    root = Path(tempfile.mkdtemp(dir=folder))
    try:
        for file in files:
            _write(file, root)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _write(file: SourceFile, root: Path) -> None:
    path = root / file.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    except OSError as error:
        if error.errno not in _NO_FILE_NAME:
            raise
        raise Stalled(f"{file.path[:200]}: cannot be a file here: {error.strerror}", reason="InvalidSource") from error
