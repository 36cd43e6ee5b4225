"""Rendering a chart, in a worker: Helm's own engine as a library, loaded when the first chart comes."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trimtab.errors import Stalled
from trimtab.model.names import HELM_HOOK
from trimtab.render import yaml
from trimtab.render.files import written
from trimtab.render.helm_engine import Chart, HelmFailed, add_first_template, remove_schemas, set_value
from trimtab.render.jobs import HelmWork, Job, Output, Rendered
from trimtab.render.objects import outputs_of
from trimtab.render.strvals import escaped, put, steps
from trimtab.text import one_line

_TEST_HOOKS = frozenset(("test", "test-success", "test-failure"))


def run(job: Job, folder: Path) -> Rendered:
    """The chart's objects: CRDs first, then by template file. Raises Stalled with Helm's own reason."""
    assert isinstance(job.work, HelmWork)
    work = job.work
    with written(job.files, folder) as root:
        try:
            return Rendered(tuple(_outputs(work, root)))
        except HelmFailed as error:
            problem = one_line(str(error).replace(f"{root}/", ""), limit=800)
            raise Stalled(f"{work.chart or '.'}: {problem}", reason="BuildFailed") from error


def _outputs(work: HelmWork, root: Path) -> Iterator[Output]:
    values = merged_values(work, root)
    _complete(work, root, values)
    options = {"name": work.release_name, "namespace": work.namespace, "api_versions": work.api_versions}
    if work.kube_version:
        options["kube_version"] = work.kube_version
    with Chart(root / work.chart) as chart:
        _check(chart, work)
        if not work.skip_crds:
            for name, text in chart.crds():
                yield from _objects(text, origin=_shown(name, work))
        for name, text in chart.render(values, options):
            yield from _objects(text, origin=_shown(name, work), skip_tests=work.skip_tests)


def _check(chart: Chart, work: HelmWork) -> None:
    """What `helm template` checks before it renders. Raises Stalled."""
    where = work.chart or "."
    if chart.is_library:
        raise Stalled(f"{where}: a library chart has no objects of its own; name a chart", reason="InvalidSource")
    if missing := chart.missing_dependencies():
        raise Stalled(
            f"{where}: dependency {missing[0]} of Chart.yaml is not in charts/; "
            "run `helm dependency build` and commit charts/",
            reason="DependencyNotVendored",
        )


def _complete(work: HelmWork, root: Path, values: dict[str, Any]) -> None:
    """Put into the chart what is not in its folder in the repository, and take out what it shall do without."""
    for vendored, place in work.links.items():
        shutil.copytree(root / place, root / vendored, dirs_exist_ok=True)
    if work.skip_schema_validation:
        remove_schemas(root / work.chart)
    add_first_template(root / work.chart, values)


def _objects(text: str, *, origin: str, skip_tests: bool = False) -> Iterator[Output]:
    for document in yaml.load_all(text, origin=origin):
        if document.value is None or (skip_tests and _is_test(document.value)):
            continue
        yield from outputs_of(document.value, origin=f"{origin} document {document.number}")


def _is_test(value: Any) -> bool:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    hooks = annotations.get(HELM_HOOK) if isinstance(annotations, dict) else None
    return isinstance(hooks, str) and any(hook.strip() in _TEST_HOOKS for hook in hooks.split(","))


def _shown(name: str, work: HelmWork) -> str:
    """A template by its path in the repository: Helm names it by the chart, not by the folder."""
    _, _, inside = name.partition("/")
    return f"{work.chart}/{inside}" if work.chart else inside


def merged_values(work: HelmWork, root: Path) -> dict[str, Any]:
    """The values that are laid over the chart's own: value files, inline values, parameters, parameter files.

    Raises Stalled and HelmFailed.
    """
    values: dict[str, Any] = {}
    for file in work.value_files:
        _merge(values, _values((root / file).read_bytes(), origin=file))
    _merge(values, _values(work.values, origin="spec.source.helm.values"))
    for parameter in work.parameters:
        value = set_value(escaped(parameter.value), string=parameter.force_string)
        put(values, steps(parameter.name), value)
    for name, file in work.parameter_files.items():
        put(values, steps(name), (root / file).read_bytes().decode(errors="replace"))
    return values


def _values(text: bytes, *, origin: str) -> dict[str, Any]:
    value = yaml.load(text, origin=origin)
    if not isinstance(value, dict | None):
        raise Stalled(f"{origin}: values must be an object", reason="InvalidSource")
    return value or {}


def _merge(into: dict[str, Any], values: dict[str, Any]) -> None:
    """Objects are merged, everything else replaced; a null is kept, since it removes the chart's own value."""
    for key, value in values.items():
        known = into.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        else:
            into[key] = value
