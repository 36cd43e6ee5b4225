"""The globs of include, exclude and valueFiles."""

import pytest

from trimtab.errors import Stalled
from trimtab.render.globs import matches


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.yaml", "a.yaml", True),
        ("*.yaml", "x/a.yaml", True),
        ("*.yaml", "a.yml", False),
        ("**/a.yaml", "x/y/a.yaml", True),
        ("a?.yaml", "ab.yaml", True),
        ("a?.yaml", "a.yaml", False),
        ("{a,b/*}.yaml", "b/c.yaml", True),
        ("{a,b/*}.yaml", "c.yaml", False),
        ("{a,{b,c}d}", "cd", True),
        ("[a-c]x", "bx", True),
        ("[!a-c]x", "bx", False),
        ("[!a-c]x", "dx", True),
        ("[!a-c]x", "/x", True),
        ("[xa-c]", "-", True),
        ("[xa-c]", "b", False),
        (r"[\]x]", "]", True),
        ("[^a]", "^", True),
        ("a*b*c", "a/b/b/c", True),
        ("a*b*c", "acb", False),
        ("*a*a", "a", False),
        ("***", "", True),
        ("*{ab,a}*b", "ab", True),
        ("a", "a\n", False),
        ("a*", "a\nb", True),
        (r"\*.yaml", "*.yaml", True),
        (r"\*.yaml", "a.yaml", False),
        ("a,b", "a,b", True),
        ("a}", "a}", True),
        ("a.c", "abc", False),
        ("(a|b)+$", "(a|b)+$", True),
    ],
)
def test_without_separator(pattern: str, path: str, *, expected: bool) -> None:
    assert matches(pattern, path) is expected


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("env/*.yaml", "env/a.yaml", True),
        ("env/*.yaml", "env/x/a.yaml", False),
        ("env/**.yaml", "env/x/a.yaml", True),
        ("env/?/a.yaml", "env///a.yaml", False),
    ],
)
def test_with_separator(pattern: str, path: str, *, expected: bool) -> None:
    assert matches(pattern, path, separator="/") is expected


@pytest.mark.parametrize("pattern", ["{a", "[a", "[]", "a\\", "[z-a]", "[a-cx]", "[x-]", "{a,{b}"])
def test_malformed(pattern: str) -> None:
    with pytest.raises(Stalled, match="malformed"):
        matches(pattern, "a")
