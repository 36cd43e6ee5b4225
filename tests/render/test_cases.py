"""Renderings as files, see `cases.py`.

`pytest tests/render/test_cases.py --update` writes `out.yaml` anew; read the difference before you commit it.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.render import cases
from trimtab.errors import TrimtabError
from trimtab.render import DirectoryTree, Rendering, Workshop, render, yaml

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("folder", cases.folders(), ids=cases.case_name)
async def test_case(folder: Path, warm_workshop: Workshop, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    tree = DirectoryTree(cases.repository_of(folder, tmp_path))
    try:
        result = _described(await render(tree, cases.request_of(folder), workshop=warm_workshop))
    except TrimtabError as error:
        result = {"error": {"kind": type(error).__name__, "reason": error.reason, "message": error.message}}
    golden = folder / "out.yaml"
    if request.config.getoption("--update"):
        golden.write_text(yaml.dump(result))
    assert yaml.load(golden.read_bytes(), origin=str(golden)) == result
    assert ("error" in result) == (folder.parent.name == "refused")


def _described(rendering: Rendering) -> dict[str, Any]:
    targets = [{"origin": target.origin, "manifest": target.manifest} for target in rendering.targets]
    ignored = {"ignored": list(rendering.ignored)} if rendering.ignored else {}
    return {"sourceType": rendering.source_type, **ignored, "targets": targets}
