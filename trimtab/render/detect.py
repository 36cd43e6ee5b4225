"""Which renderer a source asks for: by its spec if it says so, else by the files in its folder."""

import posixpath
from typing import Final

from trimtab.errors import Stalled
from trimtab.model.application import ApplicationSource, DirectorySource, HelmSource, KustomizeSource
from trimtab.render.request import SourceType
from trimtab.render.tree import Tree

KUSTOMIZATION_FILES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def source_type(tree: Tree, source: ApplicationSource) -> SourceType:
    """The type of a source. Raises Stalled for a contradiction and for what is not supported yet, naming the field."""
    _refuse_unsupported(source)
    explicit = _explicit(source)
    if len(explicit) > 1:
        raise Stalled(
            f"spec.source names {len(explicit)} tools ({', '.join(explicit)}); keep one of them", reason="InvalidSource"
        )
    return explicit[0] if explicit else _by_files(tree, source.path)


def kustomization_in(tree: Tree, folder: str) -> str | None:
    """The path of the folder's kustomization file, None when it has none. Raises Stalled when it has several."""
    paths = (posixpath.join(folder, name) for name in KUSTOMIZATION_FILES)
    found = [path for path in paths if (entry := tree.find(path)) is not None and entry.kind == "file"]
    if len(found) > 1:
        raise Stalled(f"{folder or '.'} holds {' and '.join(found)}; keep one of them", reason="InvalidSource")
    return found[0] if found else None


def _explicit(source: ApplicationSource) -> list[SourceType]:
    """Settings that are all empty do not count. Of a directory's, only `recurse` and `jsonnet` do."""
    named: list[SourceType] = []
    if source.helm not in (None, HelmSource()):
        named.append("Helm")
    if source.kustomize not in (None, KustomizeSource()):
        named.append("Kustomize")
    directory = source.directory or DirectorySource()
    if directory.recurse or directory.jsonnet is not None:
        named.append("Directory")
    return named


def _by_files(tree: Tree, folder: str) -> SourceType:
    chart = tree.find(posixpath.join(folder, "Chart.yaml"))
    if chart is not None and chart.kind == "file":
        return "Helm"
    return "Kustomize" if kustomization_in(tree, folder) else "Directory"


def _refuse_unsupported(source: ApplicationSource) -> None:
    kustomize = source.kustomize or KustomizeSource()
    fields = {
        "plugin": source.plugin is not None,
        "chart": source.chart != "",
        "kustomize.version": kustomize.version != "",
    }
    for field, given in fields.items():
        if given:
            raise Stalled(f"spec.source.{field} is not supported yet", reason="NotSupported")
