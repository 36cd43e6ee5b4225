"""The Kustomize renderer against `kustomize edit` and `kustomize build`, called as Argo CD calls them."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.render import cases
from tests.unit.declare.builders import Memory, a_declaration, a_place
from trimtab.declare.declaration import Volume
from trimtab.errors import Stalled
from trimtab.model.application import ApplicationSource, KustomizeReplica
from trimtab.render import DirectoryTree, RenderRequest, Workshop, kustomize, render, yaml
from trimtab.render.jobs import KustomizeWork
from trimtab.render.kustomization import Edits, edited


@pytest.mark.parametrize("folder", cases.folders("kustomize"), ids=cases.case_name)
async def test_objects_are_those_of_kustomize(folder: Path, kustomize_oracle: Path, tmp_path: Path) -> None:
    tree, request = DirectoryTree(folder / "in"), cases.request_of(folder)
    async with Workshop() as workshop:
        ours = [target.manifest for target in (await render(tree, request, workshop=workshop)).targets]
    work = kustomize.prepare(tree, request).work
    assert isinstance(work, KustomizeWork)
    shutil.copytree(folder / "in", tmp_path, dirs_exist_ok=True)
    assert ours == _built(kustomize_oracle, tmp_path / work.file, work.edits)


async def test_what_is_declared_is_built_alike(kustomize_oracle: Path, tmp_path: Path) -> None:
    """`trimtab apply application`, for an environment that shares another one's base."""
    memory = Memory()
    volumes = (Volume(name="data", path="/data", size="1Gi"),)
    memory.apply(a_declaration(env={"A": "x"}, volumes=volumes), a_place())
    memory.apply(a_declaration(port=9090, image="nginx:1", host="web.acme.example", replicas=2), a_place("staging"))
    for path, text in memory.files.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for environment in ("production", "staging"):
        folder = f"infra/applications/web/overlays/{environment}"
        request = RenderRequest(source=ApplicationSource(repo_url="", path=folder), app_name="web")
        async with Workshop() as workshop:
            rendering = await render(DirectoryTree(tmp_path), request, workshop=workshop)
        ours = [target.manifest for target in rendering.targets]
        assert ours == _built(kustomize_oracle, tmp_path / folder / "kustomization.yaml", Edits())


KNOWN: tuple[list[dict[str, str]], ...] = (
    [],
    [{"name": "nginx", "newName": "mirror/nginx", "newTag": "1.0"}],
    [{"name": "nginx", "digest": "sha256:old"}, {"name": "busybox", "newTag": "3"}],
)
OVERRIDES = (
    "nginx:1.28",
    "nginx@sha256:abc",
    "nginx:1.28@sha256:abc",
    "nginx=redis",
    "nginx=redis:7",
    "nginx=redis@sha256:abc",
    "nginx=redis:7@sha256:abc",
    "nginx=localhost:5000/team/web:2.0",
    "nginx=localhost:5000/team/web",
    "localhost:5000/team/web:2.0",
    "nginx=*:2",
    "nginx=redis:*",
    "nginx=*:*",
    "nginx=redis@*",
    "nginx:*",
    "nginx=redis:",
    "nginx:",
    "nginx",
    "nginx=",
)


@pytest.mark.parametrize("known", KNOWN, ids=["none", "name-and-tag", "digest"])
@pytest.mark.parametrize("override", OVERRIDES)
def test_image_overrides_are_those_of_kustomize(
    override: str, known: list[dict[str, str]], kustomize_oracle: Path, tmp_path: Path
) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text(yaml.dump({"images": known}))
    done = subprocess.run([kustomize_oracle, "edit", "set", "image", override], check=False, cwd=tmp_path)
    try:
        ours = edited({"images": known}, Edits(images=(override,)))
    except Stalled:
        assert done.returncode != 0
        return
    assert done.returncode == 0
    assert ours["images"] == yaml.load(file.read_bytes(), origin=file.name)["images"]


@pytest.mark.parametrize(
    "edits",
    [
        Edits(replicas=(KustomizeReplica(name="web", count=3), KustomizeReplica(name="db", count="1"))),
        Edits(labels={"team": "web"}),
        Edits(labels={"known": "new"}),
        Edits(labels={"known": "new"}, force_labels=True),
        Edits(labels={"team": "web"}, label_without_selector=True),
        Edits(labels={"plain": "new"}, label_without_selector=True),
        Edits(labels={"team": "web"}, label_without_selector=True, label_include_templates=True),
        Edits(labels={"team": "web"}, label_include_templates=True),
        Edits(annotations={"note": "x"}),
        Edits(annotations={"known": "x"}),
        Edits(annotations={"known": "x"}, force_annotations=True),
        Edits(name_prefix="a-", name_suffix="-b", namespace="ns"),
        Edits(components=("../tls",)),
    ],
    ids=repr,
)
def test_edits_are_those_of_kustomize(edits: Edits, kustomize_oracle: Path, tmp_path: Path) -> None:
    known = {
        "replicas": [{"name": "web", "count": 1}],
        "commonLabels": {"known": "old"},
        "labels": [{"pairs": {"selects": "x"}, "includeSelectors": True}, {"pairs": {"plain": "x"}}],
        "commonAnnotations": {"known": "old"},
    }
    (tmp_path / "tls").mkdir()
    file = tmp_path / "app" / "kustomization.yaml"
    file.parent.mkdir()
    file.write_text(yaml.dump(known))
    codes = [_edit(kustomize_oracle, file, arguments).returncode for arguments in _edits(edits)]
    try:
        ours = edited(known, edits)
    except Stalled:
        assert any(codes)
        return
    assert not any(codes)
    theirs = yaml.load(file.read_bytes(), origin=file.name)
    assert {**ours, "labels": _plain(ours["labels"])} == {
        key: _plain(value) if key == "labels" else value
        for key, value in theirs.items()
        if key not in ("apiVersion", "kind")
    }


def _plain(labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the switches that are off."""
    return [{key: value for key, value in label.items() if value is not False} for label in labels]


def _built(program: Path, file: Path, edits: Edits) -> list[Any]:
    for arguments in _edits(edits):
        assert _edit(program, file, arguments).returncode == 0
    _append_patches(file, edits)
    text = subprocess.run([program, "build", file.parent], check=True, capture_output=True).stdout
    return [document.value for document in yaml.load_all(text, origin="kustomize build")]


def _edit(program: Path, file: Path, arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([program, "edit", *arguments], check=False, capture_output=True, cwd=file.parent)


def _edits(edits: Edits) -> Iterator[list[str]]:
    for name, value in (("nameprefix", edits.name_prefix), ("namesuffix", edits.name_suffix)):
        if value:
            yield ["set", name, "--", value]
    if edits.images:
        yield ["set", "image", *edits.images]
    if edits.replicas:
        yield ["set", "replicas", *(f"{replica.name}={replica.count}" for replica in edits.replicas)]
    if edits.labels:
        yield ["add", "label", *_label_flags(edits), *(f"{key}:{value}" for key, value in edits.labels.items())]
    if edits.annotations:
        force = ["--force"] if edits.force_annotations else []
        yield ["add", "annotation", *force, *(f"{key}:{value}" for key, value in edits.annotations.items())]
    if edits.namespace:
        yield ["set", "namespace", "--", edits.namespace]
    for component in edits.components:
        yield ["add", "component", component]


def _label_flags(edits: Edits) -> list[str]:
    switches = {
        "--force": edits.force_labels,
        "--without-selector": edits.label_without_selector,
        "--include-templates": edits.label_include_templates,
    }
    return [switch for switch, given in switches.items() if given]


def _append_patches(file: Path, edits: Edits) -> None:
    """Kustomize has no command that takes all that a patch may say; Argo CD writes the file itself, too."""
    if edits.patches:
        data: dict[str, Any] = yaml.load(file.read_bytes(), origin=file.name)
        data["patches"] = [*data.get("patches", []), *msgspec.to_builtins(edits.patches)]
        file.write_text(yaml.dump(data))
