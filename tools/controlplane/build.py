"""Build every program once into the cache folder, safe against a second builder and against Ctrl-C."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.controlplane import cache, stages, toolchain
from tools.controlplane.command import CommandFailed, stream
from tools.controlplane.errors import BuildError, CompileFailed, DownloadFailed
from tools.controlplane.parts import MODULES, PARTS, Part, cache_key
from tools.controlplane.progress import Progress
from tools.controlplane.toolchain import Toolchain

DOWNLOAD_SILENCE = 180.0
"""Seconds without one more module before the network counts as dead."""
COMPILE_SILENCE = 900.0
"""Linking says nothing for up to a minute on a slow machine; this is for a hang only."""


@dataclass(frozen=True)
class Programs:
    """The finished folder: `bin/` with one file per part, `stages/` with kwok's own."""

    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    def path(self, name: str) -> Path:
        """The program called `name`, as in the table of parts."""
        return self.bin / name


def folder() -> Path:
    """Where these versions live, built or not."""
    return cache.home() / cache_key()


def built() -> Programs | None:
    """The programs when they are there already; never builds."""
    return Programs(folder()) if folder().is_dir() else None


def ensure(progress: Progress | None = None) -> Programs:
    """The programs, built now if need be (minutes). Raises BuildError: its message is the reason in one line."""
    if ready := built():
        return ready
    shown = progress or Progress(sys.stderr, PARTS)
    target = folder()
    try:
        waiting = f"another process builds {target}: waiting for it"
        with cache.locked(target.with_suffix(".lock"), waiting=lambda: shown.say(waiting)):
            if not target.is_dir():
                _build_all(target, shown)
    except OSError as error:
        raise BuildError(f"cannot write the cache folder {target}: {error}") from error
    return Programs(target)


def _build_all(target: Path, progress: Progress) -> None:
    """Into a folder of another name, renamed when all is there: an interrupted build goes on where it stopped."""
    partial = target.with_suffix(".partial")
    (partial / "bin").mkdir(parents=True, exist_ok=True)
    progress.say(f"building the Kubernetes control plane once (about 8 minutes on 2 cores) into {target}")
    go = toolchain.find(cache.home() / "go", progress)
    for part in PARTS:
        if not (partial / "bin" / part.name).is_file():
            _build_part(part, go, into=partial, progress=progress)
    stages.store(_module_folder("sigs.k8s.io/kwok", go, cwd=partial / "modules" / "kwok"), partial / "stages")
    shutil.rmtree(partial / "modules", ignore_errors=True)
    partial.rename(target)
    go.discard()


def _build_part(part: Part, go: Toolchain, *, into: Path, progress: Progress) -> None:
    progress.begin(part)
    work = into / "modules" / part.module
    shutil.copytree(MODULES / part.module, work, dirs_exist_ok=True)
    unfinished = into / "bin" / f".{part.name}.{os.getpid()}"
    try:
        progress.expect(_fetch(part, go, work=work, progress=progress))
        _compile(part, go, work=work, output=unfinished, progress=progress)
        unfinished.rename(into / "bin" / part.name)
    finally:
        unfinished.unlink(missing_ok=True)
    progress.end()


def _fetch(part: Part, go: Toolchain, *, work: Path, progress: Progress) -> int:
    """Download the sources (checked against go.sum); how many packages the program consists of."""
    packages = 0

    def count(text: str) -> None:
        nonlocal packages
        packages += not text.startswith("go: ")

    try:
        stream(
            [go.go, "list", "-deps", part.package],
            cwd=work,
            env=go.environment(),
            on_line=count,
            on_second=progress.tick,
            silence=DOWNLOAD_SILENCE,
        )
    except CommandFailed as failed:
        raise DownloadFailed(f"the Go module of {part.name} cannot be downloaded: {failed.why}") from failed
    return packages


def _compile(part: Part, go: Toolchain, *, work: Path, output: Path, progress: Progress) -> None:
    try:
        stream(
            compile_command(part, go.go, output),
            cwd=work,
            env=go.environment(),
            on_line=lambda _: progress.compiled(),
            on_second=progress.tick,
            silence=COMPILE_SILENCE,
        )
    except CommandFailed as failed:
        raise CompileFailed(f"{part.name} {part.version} does not compile: {failed.why}") from failed


def compile_command(part: Part, go: Path, output: Path) -> Sequence[str | Path]:
    """`-v` prints each package when it is compiled, which is what moves the progress bar."""
    flags = " ".join(["-s -w", *(f"-X {value}" for value in part.stamp)])
    return (go, "build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", output, part.package)


def _module_folder(module: str, go: Toolchain, *, cwd: Path) -> Path:
    lines: list[str] = []
    try:
        stream(
            [go.go, "list", "-m", "-f", "{{.Dir}}", module],
            cwd=cwd,
            env=go.environment(),
            on_line=lines.append,
            on_second=lambda: None,
            silence=DOWNLOAD_SILENCE,
        )
    except CommandFailed as failed:
        raise DownloadFailed(f"the sources of {module} cannot be found: {failed.why}") from failed
    return Path(lines[-1])
