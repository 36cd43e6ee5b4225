"""The build around a stand-in for the compiler: finished once, going on where it stopped, naming causes."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from tools.controlplane import build, cache, stages
from tools.controlplane.errors import BuildError, CompileFailed, DownloadFailed
from tools.controlplane.parts import PARTS
from tools.controlplane.progress import Progress

FAKE_GO = """\
#!{python}
import os, pathlib, sys
here = pathlib.Path(__file__).parent
words = sys.argv[1:]
with (here / "calls").open("a") as calls:
    calls.write(" ".join(words) + "\\n")
failing = (here / "failing").read_text() if (here / "failing").exists() else None
if words[0] == "env":
    print("go1.26.8")
elif words[:2] == ["list", "-m"]:
    print(here / "kwok")
elif failing and failing in " ".join(words):
    sys.exit("go: dial tcp: lookup proxy.example: no such host")
elif words[0] == "build":
    pathlib.Path(words[words.index("-o") + 1]).write_text("program")
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a Go that writes `program` for every program; the cache is in `tmp_path` too."""
    folder = tmp_path / "go"
    folder.mkdir()
    (folder / "go").write_text(FAKE_GO.format(python=sys.executable))
    (folder / "go").chmod(0o755)
    for name in stages.KWOKS:
        file = folder / "kwok/kustomize/stage" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def ensure() -> build.Programs:
    return build.ensure(Progress(io.StringIO(), PARTS))


def built_packages(go: Path) -> list[str]:
    return [call.split()[-1] for call in (go / "calls").read_text().splitlines() if call.startswith("build ")]


def test_every_program_is_built_once(go: Path) -> None:
    assert build.built() is None
    programs = ensure()
    assert sorted(file.name for file in programs.bin.iterdir()) == sorted(part.name for part in PARTS)
    assert sorted(file.name for file in programs.folder.iterdir()) == ["bin", "stages"]
    assert ensure() == programs == build.built()
    assert built_packages(go) == [part.package for part in PARTS]


def test_an_interrupted_build_goes_on_where_it_stopped(go: Path) -> None:
    (go / "failing").write_text("cmd/kubectl")
    with pytest.raises(BuildError):
        ensure()
    assert build.built() is None
    (go / "failing").unlink()
    ensure()
    assert built_packages(go) == [part.package for part in PARTS]


@pytest.mark.parametrize(
    "failing, error, message",
    [
        (
            "list -deps go.etcd.io",
            DownloadFailed,
            "the Go module of etcd cannot be downloaded: go: dial tcp: .* no such host",
        ),
        ("/.etcd.", CompileFailed, "etcd v3.6.16 does not compile: "),
    ],
)
def test_the_cause_is_one_line(go: Path, failing: str, error: type[BuildError], message: str) -> None:
    (go / "failing").write_text(failing)
    with pytest.raises(error, match=message) as caught:
        ensure()
    assert "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_told(go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(go / "go"))
    with pytest.raises(BuildError, match="cannot write the cache folder"):
        ensure()


def test_a_relative_cache_folder_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.home() == tmp_path / ".cache/trimtab/controlplane"


def test_a_second_builder_waits_for_the_first(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        ["flock", tmp_path / "lock", "sh", "-c", "echo held; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None and holder.stdout is not None
    told: list[str] = []
    with holder, holder.stdin as leave:
        assert holder.stdout.readline() == "held\n"

        def waiting() -> None:
            told.append("waiting")
            leave.write("go\n")
            leave.flush()

        with cache.locked(tmp_path / "lock", waiting=waiting):
            assert told == ["waiting"]
