"""Field ownership moved from client-side apply to our server-side apply, so that nothing is left behind.

Without this, a field that a client-side apply had set stays for ever after Git drops it: the other manager still owns
it.
"""

from typing import Any

from trimtab.compare.owners import Fields, client_side, is_ours
from trimtab.model.names import FIELD_MANAGER
from trimtab.typed.fields import union


def taken_over(managed_fields: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """managedFields with every client-side apply's entry turned into ours; None where there is none to move."""
    moving = client_side(managed_fields)
    if not moving:
        return None
    ours = [entry for entry in managed_fields if is_ours(entry)]
    kept = [entry for entry in managed_fields if entry not in moving and not is_ours(entry)]
    fields: Fields = {}
    for entry in (*ours, *moving):
        fields = union(fields, entry.get("fieldsV1") or {})
    newest = max(moving, key=lambda entry: str(entry.get("time") or ""))
    merged = {**newest, "manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields}
    return [merged, *kept]
