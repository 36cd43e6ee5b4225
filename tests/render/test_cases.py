"""Renderings as files: `tests/cases/render/<kind>/<case>/`, with `in/` the repository, `request.yaml` and `out.yaml`.

`pytest tests/render/test_cases.py --update` writes `out.yaml` anew; read the difference before you commit it.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from trimtab.errors import TrimtabError
from trimtab.render import DirectoryTree, Rendering, RenderRequest, Workshop, render, yaml

CASES = Path(__file__).parent.parent / "cases" / "render"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/request.yaml"))


def test_there_are_cases_of_every_kind() -> None:
    assert {path.parent.name for path in FOLDERS} == {"directory", "kustomize", "helm", "refused"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
async def test_case(folder: Path, workshop: Workshop, request: pytest.FixtureRequest) -> None:
    try:
        result = _described(await render(DirectoryTree(folder / "in"), _request(folder), workshop=workshop))
    except TrimtabError as error:
        result = {"error": {"kind": type(error).__name__, "reason": error.reason, "message": error.message}}
    golden = folder / "out.yaml"
    if request.config.getoption("--update"):
        golden.write_text(yaml.dump(result))
    assert yaml.load(golden.read_bytes(), origin=str(golden)) == result
    assert ("error" in result) == (folder.parent.name == "refused")


def _request(folder: Path) -> RenderRequest:
    """The fields of a `RenderRequest` in camel case; what it leaves out is as below."""
    file = folder / "request.yaml"
    given: dict[str, Any] = yaml.load(file.read_bytes(), origin=str(file)) or {}
    source = {"repoURL": "https://git.example.com/team/repo.git", "path": "app", **given.pop("source", {})}
    return msgspec.convert(
        {"app_name": "shop", "namespace": "shop-ns", "kube_version": "1.36.3", **given, "source": source}, RenderRequest
    )


def _described(rendering: Rendering) -> dict[str, Any]:
    targets = [{"origin": target.origin, "manifest": target.manifest} for target in rendering.targets]
    ignored = {"ignored": list(rendering.ignored)} if rendering.ignored else {}
    return {"sourceType": rendering.source_type, **ignored, "targets": targets}
