"""The keys of Helm parameters."""

from typing import Any

import pytest

from trimtab.errors import Stalled
from trimtab.render.strvals import escaped, put, steps


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a", ("a",)),
        ("a.b.c", ("a", "b", "c")),
        ("a[0]", ("a", 0)),
        ("a[0].b[2][1]", ("a", 0, "b", 2, 1)),
        (r"node\.io/role", ("node.io/role",)),
        (r"a.node\.io/role.b", ("a", "node.io/role", "b")),
        ("with space", ("with space",)),
    ],
)
def test_steps(key: str, expected: tuple[str | int, ...]) -> None:
    assert steps(key) == expected


@pytest.mark.parametrize("key", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "a[0]b", "a[99999999]", "[0]"])
def test_malformed_keys(key: str) -> None:
    with pytest.raises(Stalled, match=r"^spec\.source\.helm\.parameters: the name .* is malformed$"):
        steps(key)


@pytest.mark.parametrize(
    ("values", "key", "expected"),
    [
        ({}, "a.b", {"a": {"b": 1}}),
        ({"a": {"c": 2}}, "a.b", {"a": {"c": 2, "b": 1}}),
        ({"a": "text"}, "a.b", {"a": {"b": 1}}),
        ({"a": [5, 6]}, "a[1]", {"a": [5, 1]}),
        ({"a": [5]}, "a[2]", {"a": [5, None, 1]}),
        ({"a": [{"x": 1}, {"x": 2}]}, "a[1].x", {"a": [{"x": 1}, {"x": 1}]}),
        ({}, "a[0][1]", {"a": [[None, 1]]}),
    ],
)
def test_put(values: dict[str, Any], key: str, expected: dict[str, Any]) -> None:
    put(values, steps(key), 1)
    assert values == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("a,b", r"a\,b"), (r"a\,b", r"a\,b"), ("{a,b}", "{a,b}"), ("{a,b", r"{a\,b"), ("", "")]
)
def test_escaped(value: str, expected: str) -> None:
    assert escaped(value) == expected
