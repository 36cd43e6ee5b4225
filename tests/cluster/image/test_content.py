"""What is in the image, and what is not."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.cluster.image.container import Container
from tools.image import build, layout
from trimtab import __version__

COMPRESSED_MB = 112
UNPACKED_MB = 340
"""Bounds. Four fifths of what is unpacked are kubectl, Helm, cryptography, Python and Git."""
PROGRAMS = ("usr/bin", "usr/lib/git-core", "usr/local/bin", "usr/sbin")
UNWANTED = ("apt*", "dpkg*", "perl*", "pip*", "cc", "gcc*", "ld", "as", "make", "curl", "wget", "su", "sudo", "mount")
LIBRARIES = """
import json, pathlib, subprocess
loader = next(pathlib.Path("/lib64").glob("ld-linux-*"), None) or next(pathlib.Path("/lib").glob("ld-linux-*"))
missing = []
for path in pathlib.Path("/usr").rglob("*"):
    if path.is_file() and not path.is_symlink() and path.open("rb").read(4) == b"\\x7fELF":
        done = subprocess.run([loader, "--list", path], capture_output=True, text=True)
        missing += [f"{path}: {line.strip()}" for line in done.stdout.splitlines() if "not found" in line]
print(json.dumps(missing))
"""
MODULES = """
import importlib, json, pkgutil, trimtab
names = [one.name for one in pkgutil.walk_packages(trimtab.__path__, "trimtab.") if not one.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(json.dumps(len(names)))
"""
WRITABLE = """
import json, os
folders = [folder for folder, _, _ in os.walk("/") if not folder.startswith(("/proc", "/dev"))]
print(json.dumps([folder for folder in folders if os.access(folder, os.W_OK)]))
"""


def everything(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every path below the root with what is known of it; links are not followed."""
    for path in sorted(root.rglob("*")):
        yield str(path.relative_to(root)), path.lstat()


def test_it_is_small(archive: Path, root: Path) -> None:
    assert archive.stat().st_size < COMPRESSED_MB * 1e6
    assert sum(info.st_size for _, info in everything(root) if stat.S_ISREG(info.st_mode)) < UNPACKED_MB * 1e6


def test_an_engine_is_told_what_to_run_and_as_whom(config: Mapping[str, Any]) -> None:
    assert config["User"] == "999:999"
    assert config["Entrypoint"] == ["tini", "--", "trimtab"]
    assert config["Labels"]["org.opencontainers.image.version"] == __version__
    assert config["ExposedPorts"] == {"8080/tcp": {}}


def test_everything_is_roots_and_nothing_makes_anybody_more(root: Path) -> None:
    found = list(everything(root))
    assert {name for name, info in found if (info.st_uid, info.st_gid) != (0, 0)} == layout.OWNED
    assert [name for name, info in found if info.st_mode & (stat.S_ISUID | stat.S_ISGID)] == []
    is_link = stat.S_ISLNK
    assert [name for name, info in found if info.st_mode & 0o022 and not is_link(info.st_mode)] == ["tmp"]
    assert [name for name, _ in found if os.listxattr(root / name, follow_symlinks=False)] == []


def test_everything_can_be_read_by_everybody(root: Path) -> None:
    needed = {stat.S_IFDIR: 0o005, stat.S_IFREG: 0o004, stat.S_IFLNK: 0}
    assert [name for name, info in everything(root) if ~info.st_mode & needed[stat.S_IFMT(info.st_mode)]] == []


def test_no_tools_of_a_builder(root: Path) -> None:
    programs = [path for folder in PROGRAMS for path in (root / folder).iterdir()]
    assert [path.name for path in programs if any(path.match(pattern) for pattern in UNWANTED)] == []
    assert {"git", "kubectl", "sh", "ssh", "trimtab"} <= {path.name for path in programs}
    assert not (root / layout.LIBRARY / "pip").exists()
    for folder in ("etc/apt", "var/cache", "var/lib/apt", "root", "home", "tmp"):
        assert not (root / folder).exists() or not any((root / folder).iterdir()), folder


def test_no_traces_of_the_machine_that_built_it(root: Path) -> None:
    traces = [str(path).encode() for path in (build.home(), build.ROOT)]
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    assert [path for path in files if any(trace in path.read_bytes() for trace in traces)] == []


def test_links_lead_somewhere(root: Path) -> None:
    for path in root.rglob("*"):
        if path.is_symlink():
            target = path.readlink()
            below = root / str(target).lstrip("/") if target.is_absolute() else path.parent / target
            assert below.exists() or target.parts[:2] == ("/", "proc"), f"{path.relative_to(root)} → {target}"


def test_every_script_has_its_interpreter(root: Path) -> None:
    programs = [path for folder in PROGRAMS for path in (root / folder).iterdir() if path.is_file()]
    first = {path.name: path.read_bytes().split(b"\n")[0].decode(errors="replace") for path in programs}
    scripts = {name: line[2:].split()[0] for name, line in first.items() if line.startswith("#!")}
    assert "trimtab" in scripts
    assert {name: where for name, where in scripts.items() if not (root / where.lstrip("/")).exists()} == {}


def test_every_library_finds_those_that_it_needs(container: Container) -> None:
    assert container.python(LIBRARIES) == []


def test_every_module_can_be_imported_and_is_compiled(container: Container, root: Path) -> None:
    assert container.python(MODULES) > 100
    sources = [path for path in (root / layout.LIBRARY / "trimtab").rglob("*.py")]
    compiled = [path.parent / f"__pycache__/{path.stem}.cpython-311.pyc" for path in sources]
    assert [path for path in compiled if not path.exists()] == []


def test_only_two_folders_can_be_written_to(container: Container) -> None:
    assert set(container.python(WRITABLE)) == {"/cache", "/tmp"}


def test_programs_say_their_versions(container: Container) -> None:
    assert container.run("trimtab", "--version") == f"trimtab {__version__}\n"
    assert container.run("git", "version").startswith("git version 2.")
    assert "Client Version: v1." in container.run("kubectl", "version", "--client")


def test_authorities_are_trusted(container: Container) -> None:
    said = "import json, ssl; print(json.dumps(len(ssl.create_default_context().get_ca_certs())))"
    assert container.python(said) > 100
