"""Where a Helm `--set` key leads: `servers[0].port`, `nodeSelector.kubernetes\\.io/role`. Pure.

Only keys are read here. Values are read by Helm itself; what is ours is that a list index keeps the rest of the list.
"""

import re
from typing import Any, Final

from trimtab.errors import Stalled

MAX_INDEX: Final = 65536
_INDEX = re.compile(r"\[([0-9]+)\]")

Step = str | int


def steps(key: str) -> tuple[Step, ...]:
    """The names and indexes that a key is made of. Raises Stalled for a malformed one."""
    found: list[Step] = []
    for part in _split(key):
        name, bracket, rest = part.partition("[")
        indexes = bracket + rest
        if _INDEX.sub("", indexes) or not (name or (indexes and found)):
            raise _malformed(key)
        if name:
            found.append(name)
        found.extend(int(index) for index in _INDEX.findall(indexes))
    if any(isinstance(step, int) and step > MAX_INDEX for step in found):
        raise _malformed(key)
    return tuple(found)


def put(values: dict[str, Any], path: tuple[Step, ...], value: Any) -> None:
    """Set `value` at `path` in `values`, whatever is on the way of another shape replaced."""
    _put(values, path, value)


def _put(values: Any, path: tuple[Step, ...], value: Any) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = values if isinstance(values, list) else []
        items.extend([None] * (step + 1 - len(items)))
        items[step] = _put(items[step], rest, value)
        return items
    fields = values if isinstance(values, dict) else {}
    fields[step] = _put(fields.get(step), rest, value)
    return fields


def escaped(value: str) -> str:
    """A value so that its commas do not end it, as Argo CD does; `{a,b}` stays a list."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\\,", value)


def _split(key: str) -> list[str]:
    """At dots, not at escaped ones."""
    parts, current, quoted = [], "", False
    for char in key:
        if quoted or char not in "\\.":
            current, quoted = current + char, False
        elif char == "\\":
            quoted = True
        else:
            parts.append(current)
            current = ""
    return [*parts, current]


def _malformed(key: str) -> Stalled:
    return Stalled(f"spec.source.helm.parameters: the name {key!r} is malformed", reason="InvalidSource")
