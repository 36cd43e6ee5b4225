"""Directory sources: plain manifests in `*.yaml`, `*.yml` and `*.json` files.

`prepare` chooses the files, without reading them; `run` parses them, in a worker.
"""

import posixpath
from pathlib import Path
from typing import Final

from trimtab.errors import Stalled
from trimtab.model.application import DirectorySource
from trimtab.model.names import SKIP_FILE
from trimtab.render import yaml
from trimtab.render.globs import matches
from trimtab.render.jobs import DirectoryWork, Job, Output, Rendered
from trimtab.render.objects import outputs_of
from trimtab.render.overrides import OVERRIDE_PREFIX
from trimtab.render.prepared import Prepared
from trimtab.render.request import RenderRequest
from trimtab.render.tree import Tree
from trimtab.render.walk import walk

MAX_BYTES: Final = 10 * 1024 * 1024
"""Of all manifests of one source together."""
_SUFFIXES = (".yaml", ".yml", ".json", ".jsonnet")
_MANIFEST_KEYS = ("apiVersion", "kind", "metadata")


def prepare(tree: Tree, request: RenderRequest) -> Prepared:
    """The files that the source's options select, by path. Raises Stalled."""
    folder = request.source.path
    options = request.source.directory or DirectorySource()
    picks = tuple(
        pick for pick in walk(tree, folder, recurse=options.recurse) if _selected(pick.path, folder=folder, by=options)
    )
    for pick in picks:
        if pick.path.endswith(".jsonnet"):
            raise Stalled(
                f"{pick.path}: Jsonnet is not supported yet; leave it out with directory.exclude", reason="NotSupported"
            )
    return Prepared(label=folder or ".", work=DirectoryWork(), picks=picks, limit=MAX_BYTES)


def _selected(path: str, *, folder: str, by: DirectorySource) -> bool:
    if posixpath.basename(path).startswith(OVERRIDE_PREFIX):
        return False
    if not by.disable_extension_filter and not path.endswith(_SUFFIXES):
        return False
    relative = path.removeprefix(f"{folder}/") if folder else path
    if by.exclude and matches(by.exclude, relative):
        return False
    return not by.include or matches(by.include, relative)


def run(job: Job, folder: Path) -> Rendered:
    """The objects of the job's files, in the order of files and documents. `folder` is not used. Raises Stalled."""
    outputs: list[Output] = []
    ignored: list[str] = []
    for file in job.files:
        if SKIP_FILE.encode() in file.content:
            continue
        load = yaml.load_json if file.path.endswith(".json") else yaml.load_all
        documents = load(file.content, origin=file.path)
        if _unrelated([document.value for document in documents]):
            ignored.append(file.path)
            continue
        for document in documents:
            if document.value is not None:
                outputs.extend(outputs_of(document.value, origin=f"{file.path} document {document.number}"))
    return Rendered(tuple(outputs), tuple(ignored))


def _unrelated(values: list[object]) -> bool:
    """Objects without a trace of a manifest (a values file, say): Argo CD passes over such a file, too."""
    objects = [value for value in values if value is not None]
    return bool(objects) and all(
        isinstance(value, dict) and not any(key in value for key in _MANIFEST_KEYS) for value in objects
    )
