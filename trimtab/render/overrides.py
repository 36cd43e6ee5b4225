"""Overrides that live next to the manifests: `.argocd-source.yaml`, then `.argocd-source-<application>.yaml`."""

import posixpath
from typing import Any, Final

import msgspec

from trimtab.errors import Stalled
from trimtab.model.application import ApplicationSource
from trimtab.render import yaml
from trimtab.render.tree import Tree

OVERRIDE_PREFIX: Final = ".argocd-source"
_LIMIT: Final = 1024 * 1024
_FIXED = ("repoURL", "path", "targetRevision", "chart", "ref", "name", "tagPrefix")
"""What an override cannot change: it is about how to render, not about where from."""


def overridden(tree: Tree, source: ApplicationSource, *, instance: str) -> ApplicationSource:
    """The source with the repository's own overrides laid over it. Raises Stalled for a malformed one."""
    for name in (f"{OVERRIDE_PREFIX}.yaml", f"{OVERRIDE_PREFIX}-{instance}.yaml"):
        path = posixpath.join(source.path, name)
        if (found := tree.find(path)) is not None and found.kind == "file":
            source = _patched(source, yaml.load(tree.read(path, limit=_LIMIT), origin=path), origin=path)
    return source


def _patched(source: ApplicationSource, patch: Any, *, origin: str) -> ApplicationSource:
    if patch is None:
        return source
    if not isinstance(patch, dict):
        raise Stalled(f"{origin}: must hold an object with the fields of spec.source", reason="InvalidSource")
    changes = {key: value for key, value in patch.items() if key not in _FIXED}
    try:
        return msgspec.convert(_merged(msgspec.to_builtins(source), changes), ApplicationSource)
    except msgspec.ValidationError as error:
        raise Stalled(f"{origin}: {error}", reason="InvalidSource") from error


def _merged(value: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for key, change in patch.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), change)
    return result
