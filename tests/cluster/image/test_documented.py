"""What docs/cluster.md says of the image."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.image import build

SECTION = (build.ROOT / "docs/cluster.md").read_text().partition("\n## The image\n")[2].partition("\n## ")[0]


@pytest.fixture
def checkout(archive: Path, tmp_path: Path) -> Path:
    """Where `make image` has been run."""
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / build.OUTPUT.name).symlink_to(archive)
    return tmp_path


def run(script: str, folder: Path) -> str:
    return subprocess.run(["sh", "-euc", script], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_commands_work(checkout: Path) -> None:
    """Only that what is pushed goes into a folder, and that the image is built already."""
    making, looking = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
    run(making.replace("make image\n", "").replace("docker://registry.example/trimtab", "oci:pushed"), checkout)
    digests = re.findall(r'"[Dd]igest": ?"(sha256:\w+)"', run(looking, checkout))
    assert len(digests) == 2
    assert len(set(digests)) == 1
    assert f'"{digests[0]}"' in (checkout / "pushed/index.json").read_text()


def test_the_paths_are_there(root: Path) -> None:
    paths = re.findall(r"`/((?:usr|tmp|cache)[^`]*)`", SECTION)
    assert len(paths) >= 4
    assert [path for path in paths if not any(root.glob(path))] == []


def test_the_sizes_are_right(archive: Path, root: Path) -> None:
    packed, unpacked = map(int, re.findall(r"about (\d+) MB, (\d+) MB unpacked", SECTION)[0])
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    assert abs(archive.stat().st_size / 1e6 - packed) < 10
    assert abs(sum(path.stat().st_size for path in files) / 1e6 - unpacked) < 20
