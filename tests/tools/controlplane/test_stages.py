"""kwok's stages: taken from its module, put together with ours."""

from pathlib import Path

import pytest
import yaml

from tools.controlplane import stages
from tools.controlplane.errors import DownloadFailed


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A folder laid out like kwok's module."""
    for name in stages.KWOKS:
        file = tmp_path / "module/kustomize/stage" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        # Like a file of a module cache: read-only, and without a newline at its end.
        file.write_text(f"kind: Stage\nmetadata:\n  name: {file.stem}")
        file.chmod(0o444)
    return tmp_path / "module"


def test_all_files_become_one_list_of_documents(module: Path, tmp_path: Path) -> None:
    stages.store(module, tmp_path / "stored")
    text = stages.assemble([tmp_path / "stored", stages.OURS])
    names = [document["metadata"]["name"] for document in yaml.safe_load_all(text)]
    assert names[:5] == sorted(Path(name).stem for name in stages.KWOKS)
    assert names[5:] == [
        "trimtab-crash-loop",
        "trimtab-fail",
        "trimtab-image-pull",
        "trimtab-image-pull-hold",
        "trimtab-slow",
    ]


def test_storing_twice_is_the_same(module: Path, tmp_path: Path) -> None:
    for _ in range(2):
        stages.store(module, tmp_path / "stored")
    assert len(list((tmp_path / "stored").iterdir())) == len(stages.KWOKS)


def test_a_stage_that_is_gone_is_named(module: Path, tmp_path: Path) -> None:
    (module / "kustomize/stage/pod/fast/pod-ready.yaml").unlink()
    with pytest.raises(DownloadFailed, match=r"no stage pod/fast/pod-ready\.yaml"):
        stages.store(module, tmp_path / "stored")


@pytest.mark.parametrize("path", sorted(stages.OURS.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_of_ours_is_for_pods_that_ask_for_it(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        selector = document["spec"]["selector"]["matchExpressions"]
        asked = {"key": '.metadata.labels["fake.trimtab.dev/pod"]', "operator": "In", "values": [path.stem]}
        assert asked in selector
        assert {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"} in selector
        assert document["spec"]["weight"] > 0
