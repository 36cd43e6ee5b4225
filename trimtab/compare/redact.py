"""Secrets are compared, never shown: every value of a Secret becomes `++++++++`.

Equal values get equal masks within one call, so that a reader still sees what changed (Argo CD's format: eight plus
signs, four more for each further distinct value).
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from trimtab.compare.structural import MISSING, Difference
from trimtab.model.keys import Manifest, ObjectKey
from trimtab.model.names import LAST_APPLIED

SECRET_FIELDS = ("data", "stringData")
MASK = "++++++++"

_QUOTED_VALUE = re.compile(r"Value:.*?(?:\}(?=\s|$)|$)", re.DOTALL)
"""How structured merge quotes what has the wrong type: `got &value.valueUnstructured{Value:12345}`, perhaps cut off."""


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
        replace(d, target=_shown(d.path, d.target, masks), live=_shown(d.path, d.live, masks)) for d in differences
    )


def redact_text(text: str, *manifests: Manifest) -> str:
    """`text`, such as an API server's message, without any value that a Secret's states hold."""
    text = _QUOTED_VALUE.sub(f"Value:{MASK}}}", text)
    values = {value for manifest in manifests for value in _values(manifest)}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def _values(manifest: Manifest) -> Iterator[str]:
    """Every value of a Secret as text, encoded and decoded."""
    for name in SECRET_FIELDS:
        held = manifest.get(name)
        for value in _leaves(held):
            text = str(value).strip()
            yield from (text, *_decoded(text)) if text else ()


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None and value is not MISSING:
        yield value


def _decoded(text: str) -> tuple[str, ...]:
    try:
        decoded = base64.b64decode(text, validate=True).decode().strip()
    except (binascii.Error, ValueError):
        return ()
    return (decoded,) if decoded else ()


def _shown(path: str, value: Any, masks: dict[Any, str]) -> Any:
    """A value at `path` of a Secret: only metadata and type may be seen, and of these not the last applied state."""
    top = re.split(r"[.\[]", path, maxsplit=1)[0]
    if top in ("metadata", "type", "immutable", "kind", "apiVersion") and LAST_APPLIED not in path:
        return _without_last_applied(value, masks)
    return _mask(value, masks)


def _without_last_applied(value: Any, masks: dict[Any, str]) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: _mask(held, masks) if name == LAST_APPLIED else _without_last_applied(held, masks)
        for name, held in value.items()
    }


def _masked(manifest: Manifest, masks: dict[Any, str]) -> Manifest:
    values = {name: _shown(name, manifest[name], masks) for name in SECRET_FIELDS if name in manifest}
    return {name: values[name] if name in values else _shown(name, value, masks) for name, value in manifest.items()}


def _mask(value: Any, masks: dict[Any, str]) -> Any:
    if value is MISSING or value is None:
        return value
    if isinstance(value, dict):
        return {k: _mask(v, masks) for k, v in value.items()}
    return masks.setdefault(repr(value), "+" * (8 + 4 * len(masks)))
