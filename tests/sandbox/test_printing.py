"""Tables: ages, and the columns of CRDs."""

import datetime as dt
from typing import Any

import pytest

from trimtab.sandbox.cells import age
from trimtab.sandbox.printing import table
from trimtab.sandbox.resources import Column, Resource

NOW = dt.datetime(2026, 11, 23, 12, 0, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (130, "2m10s"),
        (3600, "60m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (20 * 3600, "20h"),
        (2 * 86400 + 3600, "2d1h"),
        (30 * 86400, "30d"),
        (800 * 86400, "2y70d"),
    ],
)
def test_ages(seconds: int, text: str) -> None:
    assert age((NOW - dt.timedelta(seconds=seconds)).isoformat(), NOW) == text


@pytest.mark.parametrize(
    ("path", "kind", "cell"),
    [
        (".spec.sails", "integer", 3),
        (".spec.missing.deeper", "string", None),
        (".metadata.creationTimestamp", "date", "60s"),
        (".metadata.missing", "date", "<unknown>"),
        ('.status.conditions[?(@.type=="Ready")].status', "string", "True"),
        (".status.conditions[1].status", "string", "False"),
        (".status.conditions[7].status", "string", None),
        (".metadata.labels.example\\.org/x", "string", None),
        (".spec.tags", "string", '["a","b"]'),
    ],
)
def test_columns_of_a_crd(path: str, kind: str, cell: Any) -> None:
    boat = {
        "metadata": {"name": "a", "creationTimestamp": "2026-11-23T11:59:00Z", "labels": {}},
        "spec": {"sails": 3, "tags": ["a", "b"]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Afloat", "status": "False"}]},
    }
    column = Column("Column", path, type=kind)
    boats = Resource(group="example.org", version="v1", kind="Boat", plural="boats", columns=(column,), custom=True)
    assert table(boats, [boat], now=NOW, include="None")["rows"] == [{"cells": ["a", cell], "object": None}]
