"""Helm sources: a chart in the repository, chosen here and rendered by `helm_run.py` in a worker.

This half settles every file: the chart, its `file://` dependencies, value files (globs, variables) and parameter files.
"""

import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from trimtab.errors import Stalled
from trimtab.model.application import HelmSource
from trimtab.render import yaml
from trimtab.render.environment import build_environment, substituted
from trimtab.render.files import MAX_SOURCE_BYTES
from trimtab.render.globs import matches
from trimtab.render.jobs import HelmWork, Parameter
from trimtab.render.prepared import Pick, Prepared
from trimtab.render.request import RenderRequest
from trimtab.render.tree import Tree
from trimtab.render.walk import clean_path, walk

_FILE_LIMIT: Final = 1024 * 1024
_GLOB_CHARS = frozenset("*?[{")
_MAX_LINKS: Final = 200
_MAX_REMEMBERED: Final = 4096
_asking: dict[frozenset[str], bool] = {}
_CHART_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OTHER_SOURCE = re.compile(r"\$([A-Za-z0-9_-]+)/")


def prepare(tree: Tree, request: RenderRequest) -> Prepared:
    """The chart's folder and every file outside of it that rendering reads. Raises Stalled."""
    folder = request.source.path
    settings = request.source.helm or HelmSource()
    if settings.version not in ("", "v3", "v4"):
        raise Stalled(f"spec.source.helm.version {settings.version!r} is not supported yet", reason="NotSupported")
    if tree.find(posixpath.join(folder, "Chart.yaml")) is None:
        raise Stalled(f"{folder or '.'} holds no Chart.yaml; commit one", reason="PathNotFound")
    files = _Files(tree, folder, build_environment(request))
    links = files.local_dependencies()
    value_files = tuple(files.values(settings))
    parameter_files = {item.name: files.one(item.path, field="fileParameters") for item in settings.file_parameters}
    picks = files.picks()
    asks = _asks_for_cluster(tree, picks) or "Capabilities" in repr(settings)
    work = HelmWork(
        chart=folder,
        links=links,
        release_name=settings.release_name or request.app_name,
        namespace=settings.namespace or request.namespace,
        value_files=value_files,
        values=_inline(settings),
        parameters=tuple(files.parameter(settings, index) for index in range(len(settings.parameters))),
        parameter_files=parameter_files,
        skip_crds=settings.skip_crds,
        skip_tests=settings.skip_tests,
        skip_schema_validation=settings.skip_schema_validation,
        kube_version=settings.kube_version or (request.kube_version if asks else ""),
        api_versions=settings.api_versions or (tuple(sorted(request.api_versions)) if asks else ()),
    )
    return Prepared(label=folder or ".", work=work, picks=picks, limit=MAX_SOURCE_BYTES)


def _asks_for_cluster(tree: Tree, picks: tuple[Pick, ...]) -> bool:
    """Whether the files can tell one cluster from another.

    Where they cannot, the cluster's versions are no part of the work: a new CRD or an upgrade renders nothing anew.
    Packed charts are taken to ask. The answer is remembered by content.
    """
    content = frozenset(pick.id for pick in picks)
    if content not in _asking:
        if len(_asking) >= _MAX_REMEMBERED:
            _asking.clear()
        _asking[content] = any(_mentions_cluster(tree, pick.path) for pick in picks)
    return _asking[content]


def _mentions_cluster(tree: Tree, path: str) -> bool:
    if path.endswith(".tgz"):
        return True
    content = tree.read(path, limit=MAX_SOURCE_BYTES)
    return b"Capabilities" in content or b"kubeVersion" in content


def _inline(settings: HelmSource) -> bytes:
    """`valuesObject` if it is given, else `values`."""
    if settings.values_object is not None:
        return orjson.dumps(settings.values_object)
    return settings.values.encode()


class _Files:
    """The files that are chosen so far."""

    def __init__(self, tree: Tree, chart: str, variables: dict[str, str]) -> None:
        self._tree = tree
        self._chart = chart
        self._variables = variables
        self._picks = {pick.path: pick for pick in walk(tree, chart)}

    def picks(self) -> tuple[Pick, ...]:
        return tuple(self._picks[path] for path in sorted(self._picks))

    def parameter(self, settings: HelmSource, index: int) -> Parameter:
        item = settings.parameters[index]
        return Parameter(item.name, substituted(item.value, self._variables), item.force_string)

    def values(self, settings: HelmSource) -> Iterator[str]:
        """The value files in order, by path; what a glob finds by name. Raises Stalled for a missing one."""
        for named in settings.value_files:
            found = self._found(named, field="valueFiles")
            if not found and not settings.ignore_missing_value_files:
                raise self._missing(named, field="valueFiles")
            yield from found

    def one(self, named: str, *, field: str) -> str:
        """One file that must be there. Raises Stalled."""
        found = self._found(named, field=field)
        if not found:
            raise self._missing(named, field=field)
        return found[0]

    def _missing(self, named: str, *, field: str) -> Stalled:
        name = substituted(named, self._variables)
        return Stalled(
            f"spec.source.helm.{field}: there is no {name!r} at {self._chart or '.'} in this revision",
            reason="FileNotFound",
        )

    def local_dependencies(self) -> dict[str, str]:
        """`file://` dependencies that are not vendored: where each belongs, and the folder that it is. Recursive."""
        links: dict[str, str] = {}
        waiting: list[tuple[str, tuple[str, ...]]] = [(self._chart, (self._chart,))]
        while waiting:
            shown, above = waiting.pop()
            for name, place in self._dependencies_of(above[-1]):
                if place in above:
                    raise Stalled(f"{place}: this chart depends on itself; break the circle", reason="InvalidSource")
                vendored = posixpath.join(shown, "charts", name)
                if links.setdefault(vendored, place) != place or len(links) > _MAX_LINKS:
                    raise Stalled(
                        f"{above[-1]}: two dependencies are called {name}, or there are over {_MAX_LINKS} of them",
                        reason="InvalidSource",
                    )
                waiting.append((vendored, (*above, place)))
                self._picks.update((pick.path, pick) for pick in walk(self._tree, place))
        return links

    def _dependencies_of(self, folder: str) -> Iterator[tuple[str, str]]:
        for file in ("Chart.yaml", "requirements.yaml"):
            path = posixpath.join(folder, file)
            entry = self._tree.find(path)
            if entry is None or entry.kind != "file":
                continue
            for dependency in _dependencies(yaml.load(self._tree.read(path, limit=_FILE_LIMIT), origin=path)):
                if (place := self._local(dependency, folder=folder, origin=path)) is not None:
                    yield str(dependency["name"]), place

    def _local(self, dependency: dict[str, Any], *, folder: str, origin: str) -> str | None:
        """The folder of a `file://` dependency that is not vendored. Raises Stalled for a remote one that is not."""
        name, repository = str(dependency.get("name")), str(dependency.get("repository") or "")
        if not _CHART_NAME.fullmatch(name):
            raise Stalled(f"{origin}: {name!r} is no name of a chart", reason="InvalidSource")
        if self._is_vendored(posixpath.join(folder, "charts"), name):
            return None
        if not repository.startswith("file://"):
            raise Stalled(
                f"{origin}: dependency {name} {dependency.get('version', '')} is not in {folder or '.'}/charts, and "
                f"rendering has no network; run `helm dependency build` and commit charts/",
                reason="DependencyNotVendored",
            )
        place = clean_path(posixpath.join(folder, repository.removeprefix("file://")))
        entry = self._tree.find(place) if place is not None else None
        if place is None or entry is None or entry.kind != "folder":
            raise Stalled(f"{origin}: dependency {name}: there is no folder {repository}", reason="FileNotFound")
        return place

    def _is_vendored(self, folder: str, name: str) -> bool:
        names = [posixpath.basename(entry.path) for entry in self._tree.entries(folder)]
        return any(item == name or (item.startswith(f"{name}-") and item.endswith(".tgz")) for item in names)

    def _found(self, named: str, *, field: str) -> list[str]:
        """The paths of the files that a name or glob means; they are chosen, too."""
        place = self._place(named, field=field)
        exact = self._tree.find(place)
        if exact is not None and exact.kind == "file":
            self._picks.setdefault(place, Pick(place, exact.id))
            return [place]
        if not _GLOB_CHARS & set(place):
            return []
        top = "/".join(_before_glob(place.split("/")))
        top_entry = self._tree.find(top)
        if top_entry is None or top_entry.kind != "folder":
            return []
        found = [pick for pick in walk(self._tree, top) if matches(place, pick.path, separator="/")]
        self._picks.update((pick.path, pick) for pick in found)
        return [pick.path for pick in found]

    def _place(self, named: str, *, field: str) -> str:
        """Where a file is, from the root. Raises Stalled for what is not in this repository."""
        name = substituted(named, self._variables)
        other = _OTHER_SOURCE.match(named)
        if "://" in name or (other and other[1] not in self._variables):
            what = "a file of another source" if other else "a URL"
            raise Stalled(
                f"spec.source.helm.{field}: {named}: {what} is not supported yet; commit a copy", reason="NotSupported"
            )
        place = clean_path(name if name.startswith("/") else posixpath.join(self._chart, name))
        if place is None:
            raise Stalled(
                f"spec.source.helm.{field}: {name} leads out of the repository; name a file inside it",
                reason="PathOutOfRepository",
            )
        return place


def _before_glob(parts: list[str]) -> Iterator[str]:
    for part in parts:
        if _GLOB_CHARS & set(part):
            return
        yield part


def _dependencies(chart: Any) -> list[dict[str, Any]]:
    listed = chart.get("dependencies") if isinstance(chart, dict) else None
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
