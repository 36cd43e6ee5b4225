"""Patches of callers: applied, refused, and bounded."""

import json
import time

import pytest

from trimtab.model.keys import Manifest
from trimtab.server.failures import Failure
from trimtab.server.writing.patched import patched

DOCUMENT: Manifest = {
    "metadata": {"name": "shop"},
    "spec": {"project": "default", "info": [], "syncPolicy": {"syncOptions": []}},
}
DOUBLING = [{"op": "add", "path": "/spec/info", "value": [{"name": "a", "value": "b" * 1000}]}] + [
    {"op": "copy", "from": "/spec/info", "path": "/spec/info/-"}
] * 40


@pytest.mark.parametrize(
    ("patch_type", "patch"),
    [
        ("strategic", "{}"),
        ("merge", "{"),
        ("merge", "[]"),
        ("merge", "null"),
        ("merge", '{"a":' * 900 + "1" + "}" * 900),
        ("json", "{}"),
        ("json", ""),
        ("json", "[1]"),
        ("json", '[{"op": "test", "path": "/spec/project", "value": "other"}]'),
        ("json", '[{"op": "remove", "path": "/spec/lost"}]'),
        ("json", '[{"op": "remove", "path": ""}]'),
        ("json", '[{"op": "add", "path": "/spec/info/9999999999", "value": 1}]'),
        ("json", json.dumps([{"op": "add", "path": "/spec/x", "value": 1}] * 1001)),
        ("json", json.dumps([{"op": "add", "path": "/spec/syncPolicy/syncOptions/" + "9" * 5000, "value": "a"}])),
        ("json", json.dumps(DOUBLING)),
    ],
)
def test_patches_that_cannot_be(patch_type: str, patch: str) -> None:
    with pytest.raises(Failure) as caught:
        patched(DOCUMENT, patch, patch_type=patch_type)
    assert (caught.value.status, caught.value.code) == (400, 3)


def test_a_patch_that_doubles_is_stopped_early() -> None:
    began = time.monotonic()
    with pytest.raises(Failure, match="larger than"):
        patched(DOCUMENT, json.dumps(DOUBLING), patch_type="json")
    assert time.monotonic() - began < 5


def test_copies_are_in_order_with_the_rest() -> None:
    operations = [
        {"op": "add", "path": "/spec/info/-", "value": {"name": "a", "value": "b"}},
        {"op": "copy", "from": "/spec/info/0", "path": "/spec/info/-"},
        {"op": "replace", "path": "/spec/info/1/value", "value": "c"},
    ]
    info = patched(DOCUMENT, json.dumps(operations), patch_type="")["spec"]["info"]
    assert info == [{"name": "a", "value": "b"}, {"name": "a", "value": "c"}]
    assert DOCUMENT["spec"]["info"] == []
