"""The files of a job, written to disk in a worker for tools that want them there."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from trimtab.render.jobs import SourceFile

MAX_SOURCE_BYTES: Final = 64 * 1024 * 1024
"""Of all files that a chart or kustomization reaches together."""


@contextmanager
def written(files: Iterable[SourceFile], folder: Path) -> Iterator[Path]:
    """A fresh folder below `folder` with the files in it, removed at the end."""
    root = Path(tempfile.mkdtemp(dir=folder))
    try:
        for file in files:
            path = root / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)
