"""The case files of rendering: `tests/cases/render/<kind>/<case>/` with `in/`, `request.yaml` and `out.yaml`.

Links of the repository are in `links.yaml` (path: target), since packages of this project's source cannot hold them.
"""

import shutil
from pathlib import Path
from typing import Any

import msgspec

from trimtab.render import RenderRequest, yaml

CASES = Path(__file__).parent.parent / "cases" / "render"


def folders(kind: str = "*") -> list[Path]:
    """The cases of a kind."""
    return sorted(path.parent for path in CASES.glob(f"{kind}/*/request.yaml"))


def case_name(folder: Path) -> str:
    return f"{folder.parent.name}-{folder.name}"


def repository_of(folder: Path, into: Path) -> Path:
    """The root of a case's repository; below `into` when it has links, which are made there."""
    links = folder / "links.yaml"
    if not links.exists():
        return folder / "in"
    root = into / "linked"
    if (folder / "in").exists():
        shutil.copytree(folder / "in", root)
    for path, target in yaml.load(links.read_bytes(), origin=str(links)).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)
    return root


def request_of(folder: Path) -> RenderRequest:
    """What is asked for: the case's fields over the defaults below."""
    file = folder / "request.yaml"
    given: dict[str, Any] = yaml.load(file.read_bytes(), origin=str(file)) or {}
    source = {"repoURL": "https://git.example.com/team/repo.git", "path": "app", **given.pop("source", {})}
    return msgspec.convert(
        {"app_name": "shop", "namespace": "shop-ns", "kube_version": "1.36.3", **given, "source": source}, RenderRequest
    )
