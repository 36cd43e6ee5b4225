"""Readers that never raise: what has the wrong shape reads as absent, so that no rule breaks on an odd object."""

from typing import Any


def at(value: object, *path: str) -> object:
    """What lies at `path`; None where the way there is not made of mappings."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def text(value: object, *path: str) -> str:
    """The string at `path`, "" without one."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def number(value: object, *path: str) -> int | None:
    """The integer at `path`, None without one (a boolean is none)."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def count(value: object, *path: str) -> int:
    """The integer at `path`, 0 without one, as Kubernetes leaves out counters that are zero."""
    return number(value, *path) or 0


def items(value: object, *path: str) -> list[dict[str, Any]]:
    """The mappings in the list at `path`, [] without one."""
    found = at(value, *path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def condition(manifest: object, kind: str) -> dict[str, Any]:
    """The condition of type `kind` in `status.conditions`, {} without one."""
    return next((item for item in items(manifest, "status", "conditions") if item.get("type") == kind), {})


def is_observed(manifest: object) -> bool:
    """Whether the object's controller has seen its current generation."""
    return count(manifest, "metadata", "generation") <= count(manifest, "status", "observedGeneration")
