"""Secrets are compared, never shown: every value of a Secret becomes `++++++++`.

Equal values get equal masks within one call, so that a reader still sees what changed (Argo CD's format: eight plus
signs, four more for each further distinct value).
"""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from trimtab.compare.structural import MISSING, Difference
from trimtab.model.keys import Manifest, ObjectKey
from trimtab.model.names import LAST_APPLIED

SECRET_FIELDS = ("data", "stringData")


def is_secret(key: ObjectKey) -> bool:
    return key.kind == "Secret" and key.group == ""


def redact(*manifests: Manifest | None) -> tuple[Manifest | None, ...]:
    """Copies of one Secret's states (target, live, …) with the values masked."""
    masks: dict[Any, str] = {}
    return tuple(None if manifest is None else _masked(manifest, masks) for manifest in manifests)


def redact_differences(key: ObjectKey, differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """The differences of `key` as they may be shown; unchanged unless it is a Secret."""
    if not is_secret(key):
        return tuple(differences)
    masks: dict[Any, str] = {}
    return tuple(
        replace(d, target=_mask(d.target, masks), live=_mask(d.live, masks)) if _sensitive(d.path) else d
        for d in differences
    )


def _sensitive(path: str) -> bool:
    return path.split(".")[0].split("[")[0] in SECRET_FIELDS or LAST_APPLIED in path


def _masked(manifest: Manifest, masks: dict[Any, str]) -> Manifest:
    shown = dict(manifest)
    for name in SECRET_FIELDS:
        if isinstance(shown.get(name), dict):
            shown[name] = {k: _mask(v, masks) for k, v in shown[name].items()}
    metadata = shown.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if LAST_APPLIED in annotations:
        masked = {**annotations, LAST_APPLIED: _mask(annotations[LAST_APPLIED], masks)}
        shown["metadata"] = {**metadata, "annotations": masked}
    return shown


def _mask(value: Any, masks: dict[Any, str]) -> Any:
    if value is MISSING or value is None:
        return value
    if isinstance(value, dict):
        return {k: _mask(v, masks) for k, v in value.items()}
    return masks.setdefault(repr(value), "+" * (8 + 4 * len(masks)))
