"""Helm's engine as a library (helm-python-sdk), loaded at the first use: it is big, and most workers never need it.

What its Python half does not offer is reached through its C interface (the Kubernetes version, API versions), or by a
template of ours that runs before the chart's own:

- Values travel as JSON, where Go reads every number as a float; values given by `--set` must stay integers
  (`eq .Values.replicas 3` fails on a float), so the template puts them back.
- The engine does not look at a chart's `kubeVersion`; the template compares it.
"""

import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

if TYPE_CHECKING:
    import helm_python

FIRST_NAME: Final = "trimtab-runs-first.yaml"
_PACKED_DEPTH: Final = 24
_SCHEMA = "values.schema.json"
_NOTES = "NOTES.txt"


class HelmFailed(Exception):
    """Helm refused; the message is its own."""


class Integer(int):
    """A value that Helm shall keep as an integer."""


class Chart:
    """A chart on disk. A context manager, since the library keeps it in memory of its own."""

    def __init__(self, folder: Path) -> None:
        self._helm = _library()
        try:
            self._chart: helm_python.Chart = self._helm.Chart.load(folder)
        except self._helm.HelmError as error:
            raise HelmFailed(str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._chart.close()

    @property
    def is_library(self) -> bool:
        return self._chart.metadata.get("type") == "library"

    def missing_dependencies(self) -> list[str]:
        """The declared dependencies that were not found in `charts/`."""
        declared = [item.get("name") for item in self._chart.metadata.get("dependencies") or ()]
        loaded = {item.get("name") for item in self._chart.dependencies}
        return [str(name) for name in declared if name not in loaded]

    def crds(self) -> Iterator[tuple[str, str]]:
        """(path from the chart's name, text) of each file in a `crds` folder, subcharts' too."""
        for item in sorted(self._chart.crds, key=lambda item: item["filename"]):
            yield item["filename"], item["data"]

    def render(self, values: dict[str, Any], options: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """(path from the chart's name, text) of each template's output, by path; notes are left out.

        `options` are `name`, `namespace`, `kube_version` and `api_versions`. Raises HelmFailed.
        """
        native = self._helm._native
        try:
            self._helm.validate_release_name(options["name"])
            rendered: dict[str, str] = orjson.loads(
                native.call_string(
                    "helm_render", self._chart._raw(), orjson.dumps(values).decode(), orjson.dumps(options).decode()
                )
            )
        except self._helm.HelmError as error:
            raise HelmFailed(str(error).replace(f"{self._chart.name}/templates/", "templates/")) from error
        for name in sorted(rendered):
            if name.endswith(f"/{FIRST_NAME}"):
                self._check(rendered[name])
            elif not name.endswith(f"/{_NOTES}"):
                yield name, rendered[name]

    def _check(self, verdict: str) -> None:
        """Raises HelmFailed unless the chart's own template found it fit for the cluster."""
        wanted, _, there = verdict.partition(" is not ")
        if there:
            raise HelmFailed(f"chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {there}")


def set_value(text: str, *, string: bool) -> Any:
    """What `--set x=text` (or `--set-string`) makes of a text, its integers marked. Raises HelmFailed."""
    helm = _library()
    parse = helm.parse_set_string_values if string else helm.parse_set_string
    try:
        return _marked(parse(f"x={text}")["x"])
    except helm.HelmError as error:
        raise HelmFailed(str(error)) from error


def add_first_template(chart: Path, values: dict[str, Any]) -> None:
    """Add our template to a chart on disk. Helm runs templates from the deepest folder up, so it goes deepest."""
    walked = list(os.walk(chart))
    depth = max(folder.count(os.sep) for folder, _, _ in walked) - str(chart).count(os.sep)
    if any(name.endswith(".tgz") for _, _, names in walked for name in names):
        depth += _PACKED_DEPTH
    folder = chart.joinpath("templates", *["t"] * (depth + 1))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FIRST_NAME).write_text(first_template(values))


def first_template(values: dict[str, Any]) -> str:
    """It says nothing when the cluster fits, and what was wanted when not."""
    unfit = "if not (semverCompare .Chart.KubeVersion .Capabilities.KubeVersion.Version)"
    words = "{{ .Chart.KubeVersion }} is not {{ .Capabilities.KubeVersion.Version }}"
    verdict = _do(unfit) + words + _do("end")
    return _integers(values) + _do("if .Chart.KubeVersion") + verdict + _do("end")


def _integers(values: dict[str, Any]) -> str:
    """Turns the marked integers of `values` back into integers. Subcharts hold copies of `global`, so those, too."""
    everywhere = _fixes(values, "$v", depth=0)
    if not everywhere:
        return ""
    in_global = _with("$v", "$chart.Values.global", _fixes(values.get("global"), "$v", depth=0))
    deeper = _do('include "trimtab.integers" $chart')
    each = _do("range $name, $chart := .Subcharts") + in_global + deeper + _do("end")
    define = _do('define "trimtab.integers"') + each + _do("end")
    return define + _with("$v", ".Values", everywhere) + _do('include "trimtab.integers" .')


def _fixes(value: Any, place: str, *, depth: int) -> str:
    """Statements that mend what is at the variable `place`: keys of objects are set, lists are made anew."""
    parts: list[str] = []
    for step, item in _items(value):
        at = f"index {place} {step}"
        if isinstance(value, dict) and _has_own_integers(item):
            parts.append(_do(f"$_ := set {place} {step} {_expression(item, f'({at})')}"))
        parts.append(_with(f"$v{depth}", at, _fixes(item, f"$v{depth}", depth=depth + 1)))
    return "".join(parts)


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    """Keys or indexes as the template language writes them, with what is there."""
    if isinstance(value, dict):
        yield from ((_quoted(key), item) for key, item in value.items())
    elif isinstance(value, list):
        yield from ((str(index), item) for index, item in enumerate(value))


def _do(action: str) -> str:
    return "{{- " + action + " }}"


def _with(variable: str, place: str, body: str) -> str:
    """The body where there is something at `place`; nothing when the body is empty."""
    return _do(f"with {variable} := {place}") + body + _do("end") if body else ""


def _has_own_integers(value: Any) -> bool:
    """A marked integer, or one in lists without an object in between."""
    return isinstance(value, Integer) or (isinstance(value, list) and any(map(_has_own_integers, value)))


def _expression(value: Any, place: str) -> str:
    """The value with its integers; what is none is taken from `place`, where the value is now."""
    if isinstance(value, Integer):
        return f"(int64 {int(value)})"
    if isinstance(value, list) and _has_own_integers(value):
        return f"(list {' '.join(_expression(item, f'(index {place} {i})') for i, item in enumerate(value))})"
    return place


def _quoted(text: str) -> str:
    """As a string of Go's template language; JSON's escapes are Go's."""
    return orjson.dumps(text).decode()


def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(item) for item in value]
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    return Integer(value) if type(value) is int else value


def remove_schemas(chart: Path) -> None:
    """Take the values schemas out of a chart and its subcharts, packed ones, too: the library always checks them.

    Raises HelmFailed for an archive that is none.
    """
    for schema in chart.rglob(_SCHEMA):
        schema.unlink()
    for archive in chart.rglob("charts/*.tgz"):
        _without_schemas(archive)


def _without_schemas(archive: Path) -> None:
    lean = archive.with_suffix(".lean")
    try:
        with tarfile.open(archive) as before, tarfile.open(lean, "w:gz") as after:
            for member in before:
                if member.isfile() and not member.name.endswith(f"/{_SCHEMA}"):
                    after.addfile(member, before.extractfile(member))
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise HelmFailed(f"charts/{archive.name} is not a packed chart: {error}") from error
    lean.replace(archive)


def _library() -> Any:
    import helm_python

    return helm_python
