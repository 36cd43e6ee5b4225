"""Debian's packages, fetched by the machine's own apt: its sources, its keys, its proxies; its lists stay untouched."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tools.image.errors import ImageError
from tools.image.layout import SUITE

PREFERENCES = f"""\
Package: *
Pin: release o=Debian,n={SUITE}*
Pin-Priority: 500

Package: *
Pin: release *
Pin-Priority: -1
"""
"""Other people's packages may bear the same names."""


@dataclass(frozen=True)
class Deb:
    """A package as a file whose SHA-256 apt has named."""

    file: Path
    sha256: str

    @cached_property
    def stanza(self) -> str:
        """Its control file."""
        return subprocess.run(["dpkg-deb", "-f", self.file], capture_output=True, text=True, check=True).stdout

    @cached_property
    def control(self) -> dict[str, str]:
        """The fields of its control file; of those with several lines the first."""
        lines = [line for line in self.stanza.splitlines() if not line.startswith(" ")]
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def name(self) -> str:
        return self.control["Package"]


def architecture() -> str:
    """Debian's name of this machine's, `amd64` or `arm64`. Raises ImageError where there is no Debian."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise ImageError("this is no Debian: apt-get and dpkg-deb are needed; with an engine, `docker build .` works")
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def fetch(names: Sequence[str], cache: Path) -> list[Deb]:
    """The newest packages of these names, in that order, kept in `cache`. Raises ImageError."""
    options = _prepare(cache)
    _apt(options, "update", "-q", cwd=cache)
    if f"Debian {SUITE}\n" not in _apt(options, "indextargets", "--format", "$(ORIGIN) $(CODENAME)", cwd=cache):
        raise ImageError(f"apt finds no Debian {SUITE}: it has to be among this machine's sources, and to be reached")
    debs = cache / "debs"
    debs.mkdir(exist_ok=True)
    offered = [_offer(line, debs) for line in _apt(options, "download", "--print-uris", *names, cwd=cache).splitlines()]
    if missing := [deb.file.name.partition("_")[0] for deb in offered if not _intact(deb)]:
        _apt(options, "download", "-q", *missing, cwd=debs)
    if broken := [deb.file.name for deb in offered if not _intact(deb)]:
        raise ImageError(f"{debs / broken[0]}: not what the archive lists; delete it and try again")
    for stale in {*debs.iterdir()} - {deb.file for deb in offered}:
        stale.unlink()
    return sorted(offered, key=lambda deb: deb.name)


def _prepare(cache: Path) -> list[str]:
    """apt's options for a state of its own below `cache`."""
    for folder in ("lists/partial", "archives/partial"):
        (cache / folder).mkdir(parents=True, exist_ok=True)
    (cache / "preferences").write_text(PREFERENCES)
    (cache / "status").touch()
    settings = {
        "Dir::State::lists": cache / "lists",
        "Dir::State::status": cache / "status",
        "Dir::Cache": cache,
        "Dir::Etc::preferences": cache / "preferences",
        "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _apt(options: Sequence[str], *words: str, cwd: Path) -> str:
    """What apt-get says. Raises ImageError with its first complaint."""
    command = ["apt-get", *options, *words]
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | {"LC_ALL": "C"}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        complaints = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
        raise ImageError(f"apt-get {words[0]}: {(complaints or ['it failed'])[0].removeprefix('E: ')}")
    return done.stdout


def _offer(line: str, folder: Path) -> Deb:
    """`'URI' NAME SIZE SHA256:HASH`."""
    _, name, _, digest = line.split()
    return Deb(folder / name, digest.removeprefix("SHA256:"))


def _intact(deb: Deb) -> bool:
    return deb.file.is_file() and hashlib.sha256(deb.file.read_bytes()).hexdigest() == deb.sha256
