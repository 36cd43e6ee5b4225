"""The image, built and unpacked once by programs that are not ours: skopeo reads it, umoci unpacks it."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.engine.conftest import api, granted, installed, refused
from tests.cluster.image.container import Container
from tests.engine.world import Account
from tests.server.fixtures import empty_desk
from tools.image import build

__all__ = ["api", "empty_desk", "granted", "installed", "refused"]

HERE = Path(__file__).parent
COLD_SECONDS = 400
"""The first test builds what `make test` has built before."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Root alone may enter another file system: of anybody else's run these tests are not part, which is said."""
    here = [item for item in items if HERE in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.timeout(COLD_SECONDS))
    if here and os.geteuid() != 0:
        config.hook.pytest_deselected(items=here)
        items[:] = [item for item in items if item not in here]
        if reporter := config.pluginmanager.getplugin("terminalreporter"):
            reporter.write_line("tests of the image not run: they need root", yellow=True)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that `make image` makes."""
    return build.image(tmp_path_factory.mktemp("image") / "image.tar").file


@pytest.fixture(scope="session")
def config(archive: Path) -> Mapping[str, Any]:
    """What an engine is told to run, and as whom."""
    found: Mapping[str, Any] = json.loads(_said("skopeo", "inspect", "--config", f"oci-archive:{archive}"))["config"]
    return found


@pytest.fixture(scope="session")
def root(archive: Path) -> Path:
    """The image's file system in a folder."""
    place = archive.parent
    _said("skopeo", "copy", "--quiet", f"oci-archive:{archive}", f"oci:{place / 'layout'}:image")
    _said("umoci", "unpack", "--image", f"{place / 'layout'}:image", f"{place / 'bundle'}")
    # What is above is closed to everybody else, and so to the image's user.
    rootfs = (place / "bundle/rootfs").rename(place / "rootfs")
    for folder in (place, place.parent):
        folder.chmod(0o755)
    return rootfs


@pytest.fixture
def account(granted: Callable[[str], Account]) -> Account:
    return granted("trimtab")


@pytest.fixture
def container(root: Path, config: Mapping[str, Any], tmp_path: Path) -> Container:
    """The image with an empty /cache, and nothing running."""
    return Container(root, config, tmp_path / "container")


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
