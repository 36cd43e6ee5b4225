"""Who else uses a base or a namespace: read off kustomizations and Applications of the repository."""

import posixpath
from collections.abc import Iterator
from typing import Any

KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_REACHED = ("resources", "bases", "components")


def uses_base(path: str, value: Any, *, base: str, unread: bool) -> bool:
    """Does the kustomization at `path` reach into the folder `base`? `unread` is the answer for what cannot be read.

    `base` and `path` are from the repository's root.
    """
    if not isinstance(value, dict):
        return unread
    folder = posixpath.dirname(path)
    return any(_within(posixpath.normpath(posixpath.join(folder, one)), base) for one in _reached(value))


def deploys_base(value: Any, *, base: str) -> bool:
    """Is the base itself the source of this Application?"""
    return any(_within(posixpath.normpath(path), base) for path in _paths(value))


def deploys_to(value: Any, *, namespace: str) -> bool:
    """Is it an Application whose objects go to the namespace?"""
    return bool(namespace) and _at(value, "spec", "destination", "namespace") == namespace


def destination_namespace(value: Any) -> str:
    """Of an Application; "" where it names none."""
    found = _at(value, "spec", "destination", "namespace")
    return found if isinstance(found, str) else ""


def finalizers(value: Any) -> tuple[str, ...]:
    """Of an object."""
    found = _at(value, "metadata", "finalizers")
    return tuple(str(one) for one in found) if isinstance(found, list) else ()


def _reached(value: dict[str, Any]) -> Iterator[str]:
    for key in _REACHED:
        listed = value.get(key)
        yield from (one for one in (listed if isinstance(listed, list) else []) if isinstance(one, str))


def _paths(value: Any) -> Iterator[str]:
    sources = _at(value, "spec", "sources")
    for source in (_at(value, "spec", "source"), *(sources if isinstance(sources, list) else ())):
        path = _at(source, "path")
        if isinstance(path, str):
            yield path


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
