"""Globs against Python's fnmatch, which backtracks: what is matched in linear time is matched right."""

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.model.globs import matches, plain_prefix

PATTERNS = st.lists(st.sampled_from(["a", "b", "/", "*", "?", "[ab]", "[!a]"]), max_size=8).map("".join)
TEXTS = st.text(alphabet="ab/", max_size=10)


@given(PATTERNS, TEXTS)
def test_without_separator_and_braces(pattern: str, text: str) -> None:
    assert matches(pattern, text) is fnmatch.fnmatchcase(text, pattern)


@given(PATTERNS, PATTERNS, PATTERNS, TEXTS)
def test_with_braces(one: str, other: str, rest: str, text: str) -> None:
    expected = any(fnmatch.fnmatchcase(text, choice + rest) for choice in (one, other))
    assert matches(f"{{{one},{other}}}{rest}", text) is expected


@given(st.text(alphabet="ab/*?", max_size=8), TEXTS)
def test_with_separator(pattern: str, text: str) -> None:
    stars = re.sub(r"\*{2,}|\*|\?", lambda found: {"*": "[^/]*", "?": "[^/]"}.get(found[0], "@"), pattern)
    expected = re.fullmatch(re.sub("@", ".*", stars), text) is not None
    assert matches(pattern, text, separator="/") is expected


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [("shop/*", "shop/"), ("shop", "shop"), ("*", ""), ("a{b,c}", "a"), (r"a\*", "a"), ("a[b]", "a"), ("a?", "a")],
)
def test_what_every_text_that_fits_begins_with(pattern: str, prefix: str) -> None:
    assert plain_prefix(pattern) == prefix
