"""Field ownership moved from client-side apply to our server-side apply, so that nothing is left behind.

Without this, a field that a client-side apply had set stays for ever after Git drops it: the other manager still owns
it.
"""

from typing import Any

from trimtab.compare.structural import Fields, is_client_side
from trimtab.model.names import FIELD_MANAGER


def taken_over(managed_fields: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """managedFields with every client-side apply's entry turned into ours; None where there is none to move."""
    moving = [entry for entry in managed_fields if is_client_side(entry)]
    if not moving:
        return None
    ours = [entry for entry in managed_fields if _is_ours(entry)]
    kept = [entry for entry in managed_fields if not is_client_side(entry) and not _is_ours(entry)]
    fields: Fields = {}
    for entry in (*ours, *moving):
        fields = _union(fields, entry.get("fieldsV1") or {})
    newest = max(moving, key=lambda entry: str(entry.get("time") or ""))
    merged = {**newest, "manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields}
    return [merged, *kept]


def _is_ours(entry: dict[str, Any]) -> bool:
    ours = entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply"
    return ours and not entry.get("subresource")


def _union(left: Fields, right: Fields) -> Fields:
    merged = dict(left)
    for step, node in right.items():
        merged[step] = _union(merged[step], node) if step in merged else node
    return merged
