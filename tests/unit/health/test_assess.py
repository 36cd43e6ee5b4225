"""Every case in `tests/cases/health/<group>/<Kind>/` is an object and, as a second document, its expected health."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.health.assess import assess
from trimtab.health.table import RULES
from trimtab.model.keys import kind_of

CASES = Path(__file__).parents[2] / "cases" / "health"


def load(path: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    manifest, verdict = yaml.safe_load_all(path.read_text())
    return manifest, verdict["expected"]


FILES = sorted(CASES.rglob("*.yaml"))
OBJECTS = [load(path)[0] for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CASES).with_suffix("")))
def test_case(path: Path) -> None:
    manifest, expected = load(path)
    health = assess(manifest)
    assert (health and {"status": health.status, "message": health.message}) == (
        expected and {"message": "", **expected}
    )


def test_every_rule_has_cases() -> None:
    kinds = {(kind_of(manifest).group, kind_of(manifest).kind) for manifest in OBJECTS}
    assert set(RULES) <= kinds


odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.sampled_from(["", "True", "Running", "\ud800", "[" * 200_000, '[1, {"type": []}]']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "status", "reason"]), inner),
    max_leaves=4,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of everything below `value`."""
    children: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    below = [place for step, child in children for place in places(child, (*path, step))]
    return [path, *below] if path else below


def replaced(value: Any, path: tuple[str | int, ...], new: object) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@settings(deadline=None)
@given(st.data())
def test_no_shape_makes_a_rule_raise(data: st.DataObject) -> None:
    """Whatever stands in any place of any case, there is a verdict, in one of the known words."""
    manifest = data.draw(st.sampled_from(OBJECTS))
    mutated = replaced(manifest, data.draw(st.sampled_from(places(manifest))), data.draw(odd))
    health = assess(mutated)
    assert health is None or health.status in ("Healthy", "Suspended", "Progressing", "Degraded", "Unknown")


@pytest.mark.parametrize("absent", [None, [], "text", 0])
@pytest.mark.parametrize("part", ["metadata", "spec", "status"])
def test_a_part_of_the_wrong_type_reads_as_absent(part: str, absent: object) -> None:
    for manifest in OBJECTS:
        without = {key: value for key, value in manifest.items() if key != part}
        assert assess({**manifest, part: absent}) == assess(without)
