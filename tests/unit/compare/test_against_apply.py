"""The structural comparison against our own server-side apply (`typed/apply.py`), on thousands of random histories.

`tests/cluster/test_compare_oracle.py` asks a real API server the same; here the point is number and speed.
"""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import IDENTITY
from tests.mutations import mutated
from trimtab.compare.prepare import prepare_object
from trimtab.compare.structural import differences
from trimtab.model.keys import Manifest, kind_of
from trimtab.model.names import FIELD_MANAGER
from trimtab.model.target import Target
from trimtab.typed.apply import Writer, apply, tracked
from trimtab.typed.builtin import OBJECT_META, schema_of, table
from trimtab.typed.merge import MergeError
from trimtab.typed.schema import Schema, from_openapi

CASES = Path(__file__).parents[2] / "cases" / "compare"
TARGETS = sorted(CASES.glob("targets/*.yaml"))
HISTORIES, STEPS = 40, 4


def schema_for(target: Manifest) -> Schema:
    if target["kind"] != "Widget":
        return schema_of(kind_of(target))
    crd = yaml.safe_load((CASES / "definitions" / "widget.yaml").read_text())
    openapi = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return from_openapi(openapi, metadata=table().type(OBJECT_META))


class Cluster:
    """One object, written by several managers."""

    def __init__(self, target: Manifest) -> None:
        self.schema = schema_for(target)
        self.version = target["apiVersion"]
        self.time = 0
        self.live: Manifest = {}
        self.live = self.applied(target, FIELD_MANAGER)

    def writer(self, manager: str) -> Writer:
        self.time += 1
        return Writer(manager=manager, api_version=self.version, now=f"2026-01-01T00:00:{self.time:02}Z")

    def applied(self, target: Manifest, manager: str) -> Manifest:
        return apply(self.live or None, target, schema=self.schema, writer=self.writer(manager), force=True)

    def change(self, rng: random.Random, target: Manifest) -> None:
        """By a person, by another applier, by ourselves, or by somebody who empties managedFields."""
        match rng.randrange(6):
            case 0 | 1 | 2:
                changed = mutated(self.live, rng)
                self.live = tracked(self.live, changed, schema=self.schema, writer=self.writer("person"))
            case 3:
                self.live = self.applied(mutated(target, rng), "robot")
            case 4:
                self.live = self.applied(target, FIELD_MANAGER)
            case _ if rng.random() < 0.2:
                self.live["metadata"].pop("managedFields", None)


def shown(manifest: Manifest, *, built_in: bool) -> Any:
    """All but ownership. The server drops what is empty in its own kinds; our apply knows no Go structs."""
    metadata = {name: value for name, value in manifest["metadata"].items() if name != "managedFields"}
    plain = {**manifest, "metadata": metadata}
    return without_empties(plain) if built_in else plain


def without_empties(value: Any) -> Any:
    if isinstance(value, dict):
        filled = {name: without_empties(held) for name, held in value.items()}
        return {name: held for name, held in filled.items() if held not in (None, [], {})}
    return [without_empties(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", TARGETS, ids=lambda path: path.stem)
def test_same_is_never_said_in_error(path: Path) -> None:
    raw = yaml.safe_load(path.read_text())
    built_in = raw["kind"] != "Widget"
    judged = 0
    for seed in range(HISTORIES):
        rng = random.Random(f"{path.stem} {seed}")
        cluster = Cluster(prepared(raw))
        for _ in range(STEPS):
            target = prepared(mutated(raw, rng) if rng.random() < 0.5 else raw)
            try:
                cluster.change(rng, target)
                predicted = cluster.applied(target, FIELD_MANAGER)
            except MergeError:
                break
            found = differences(target, cluster.live)
            if not found:
                assert shown(predicted, built_in=built_in) == shown(cluster.live, built_in=built_in), (
                    target,
                    cluster.live,
                )
            judged += 1
    assert judged > HISTORIES


def prepared(manifest: Manifest) -> Manifest:
    return prepare_object(Target(manifest, "a file"), identity=IDENTITY, scope="Namespaced").manifest()
