"""Everything in the repository that a kustomization reaches: bases and components in other folders, files it names.

Following happens before anything is built, so that a worker holds exactly these files, the cache knows them, and a
reference that is remote, missing or outside is refused with its file and line.
"""

import posixpath
from collections.abc import Iterator
from typing import Any, Final

from trimtab.errors import Stalled
from trimtab.render import yaml
from trimtab.render.detect import kustomization_in
from trimtab.render.prepared import Pick
from trimtab.render.tree import Tree
from trimtab.render.walk import clean_path, walk

_FILE_LIMIT: Final = 1024 * 1024
_LISTS = ("resources", "bases", "components", "generators", "transformers", "validators", "configurations", "crds")
_PATHS_IN = ("patches", "patchesJson6902", "replacements")
_GENERATORS = ("configMapGenerator", "secretGenerator")
_REMOTE_STARTS = ("git@", "git::", "github.com/", "github.com:", "gitlab.com/", "bitbucket.org/")


class Reach:
    """What was reached so far. Call `folder` for each start, then `picks`."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._picks: dict[str, Pick] = {}
        self._roots: list[str] = []
        self._seen: set[str] = set()

    def picks(self) -> tuple[Pick, ...]:
        """The files, by path."""
        return tuple(self._picks[path] for path in sorted(self._picks))

    def folder(self, folder: str) -> None:
        """Reach a folder, its kustomization's references, and so on. Raises Stalled."""
        waiting = [clean_path(folder) or ""]
        while waiting:
            place = waiting.pop()
            if place in self._seen:
                continue
            self._seen.add(place)
            self._cover(place)
            file = kustomization_in(self._tree, place)
            if file is not None:
                waiting.extend(self._referenced_folders(file))

    def _cover(self, folder: str) -> None:
        if any(_below(folder, root) for root in self._roots):
            return
        self._roots.append(folder)
        for pick in walk(self._tree, folder):
            self._picks[pick.path] = pick

    def _referenced_folders(self, file: str) -> Iterator[str]:
        text = self._tree.read(file, limit=_FILE_LIMIT)
        for field, reference in _references(yaml.load(text, origin=file)):
            place = clean_path(posixpath.join(posixpath.dirname(file), reference))
            entry = self._tree.find(place) if place is not None and not reference.startswith("/") else None
            if place is None or entry is None:
                raise _unreachable(reference, field=field, where=f"{file}{_line_of(reference, text)}")
            if entry.kind == "folder":
                yield place
            elif entry.kind == "file":
                self._picks.setdefault(place, Pick(place, entry.id))


def _references(kustomization: Any) -> Iterator[tuple[str, str]]:
    """(field, path or URL) of all that a kustomization names; what has the wrong shape is Kustomize's business."""
    if not isinstance(kustomization, dict):
        return
    for field in _LISTS:
        yield from ((field, item) for item in _texts(kustomization.get(field)))
    for field in _PATHS_IN:
        yield from ((field, item["path"]) for item in _objects(kustomization.get(field)) if _is_path(item.get("path")))
    yield from (("patchesStrategicMerge", item) for item in _texts(kustomization.get("patchesStrategicMerge")))
    for field in _GENERATORS:
        for generator in _objects(kustomization.get(field)):
            yield from ((field, item) for item in _generator_files(generator))
    openapi = kustomization.get("openapi")
    if isinstance(openapi, dict) and _is_path(openapi.get("path")):
        yield "openapi", openapi["path"]


def _generator_files(generator: dict[str, Any]) -> Iterator[str]:
    for item in _texts(generator.get("files")):
        yield item.partition("=")[2] or item
    yield from _texts(generator.get("envs"))
    yield from _texts([generator.get("env")])


def _texts(value: Any) -> Iterator[str]:
    return (item for item in value if _is_path(item)) if isinstance(value, list) else iter(())


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _is_path(value: Any) -> bool:
    """A path or URL, not a piece of YAML in its place (several fields take either)."""
    return isinstance(value, str) and value != "" and "\n" not in value and not value.startswith("{")


def _unreachable(reference: str, *, field: str, where: str) -> Stalled:
    if "://" in reference or "?ref=" in reference or reference.startswith(_REMOTE_STARTS):
        return Stalled(
            f"{where}: {field}: {reference} is remote, and rendering has no network; commit a copy and name that",
            reason="RemoteBase",
        )
    if reference.startswith("/") or clean_path(posixpath.join(posixpath.dirname(where), reference)) is None:
        return Stalled(f"{where}: {field}: {reference} leads out of the repository", reason="PathOutOfRepository")
    return Stalled(f"{where}: {field}: there is no {reference} in this revision", reason="FileNotFound")


def _line_of(reference: str, text: bytes) -> str:
    before, found, _ = text.partition(reference.encode())
    newlines = before.count(b"\n")
    return f" line {newlines + 1}" if found else ""


def _below(path: str, folder: str) -> bool:
    return folder == "" or path == folder or path.startswith(f"{folder}/")
