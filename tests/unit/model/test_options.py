"""Sync options, in an application's list or an object's annotation."""

from typing import Any

import pytest

from tests.builders import an_object
from trimtab.model.names import SYNC_OPTIONS
from trimtab.model.options import object_options, parse_options


@pytest.mark.parametrize(
    "text, options",
    [
        ("Prune=false", {"Prune=false"}),
        (" Prune = false ,Validate=false,, ", {"Prune=false", "Validate=false"}),
        ("Prune", {"Prune"}),
        ("A=b=c", {"A=b=c"}),
        ("", set()),
        (",", set()),
        (5, {"5"}),
        (None, {"None"}),
    ],
)
def test_an_objects_options(text: Any, options: set[str]) -> None:
    assert object_options(an_object(annotations={SYNC_OPTIONS: text})) == options


def test_no_options() -> None:
    assert object_options(an_object()) == frozenset()
    assert list(parse_options(["CreateNamespace = true", "  "])) == ["CreateNamespace=true"]
