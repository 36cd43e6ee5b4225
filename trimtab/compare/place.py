"""Where in an object something is: a chain of FieldsV1 steps, each linked to the one above it, so that going one level
down costs one tuple.
"""

import re
from typing import Any, Optional

import orjson

Step = str
"""A path element as FieldsV1 spells it: `f:spec`, `k:{"name":"web"}`, `v:"a"`."""

Place = tuple[Optional["Place"], Step]
"""The place above (None at the top of the object), and the step from there."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def steps_of(place: Place) -> tuple[Step, ...]:
    """The steps from the top of the object."""
    steps = []
    at: Place | None = place
    while at is not None:
        at, step = at
        steps.append(step)
    return tuple(reversed(steps))


def show(place: Place) -> str:
    """`spec.containers[name=web].image`; other names than words are quoted: `metadata.labels["a.b/c"]`."""
    return "".join(map(_shown, steps_of(place))).removeprefix(".")


def _shown(step: Step) -> str:
    if step[:2] == "f:":
        name = step[2:]
        return f".{name}" if _BARE.fullmatch(name) else f"[{orjson.dumps(name).decode()}]"
    value = orjson.loads(step[2:])
    if step[:2] == "k:":
        return "[" + ",".join(f"{name}={_text(key)}" for name, key in value.items()) + "]"
    return f"[{_text(value)}]"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
