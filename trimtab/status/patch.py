"""The one status write of a pass: what differs, as an RFC 7386 merge patch."""

from typing import Any

import msgspec

from trimtab.model.application import ApplicationStatus
from trimtab.model.nulls import without_nulls


def status_patch(before: ApplicationStatus, after: ApplicationStatus) -> dict[str, Any] | None:
    """The merge patch (without the `status` wrapper) that turns `before` into `after`; None when nothing changed.

    Only known fields are named, so that fields of a newer Argo CD stay as they are.
    """
    return merge_diff(msgspec.to_builtins(before), msgspec.to_builtins(after)) or None


def merge_diff(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The merge patch from one JSON object to another; {} when they are equal, as far as such a patch can tell.

    A null in a merge patch removes a field, so nulls (of Helm values, say) cannot be written: they count as absent.
    """
    patch: dict[str, Any] = {name: None for name in before if after.get(name) is None and before[name] is not None}
    for name, value in after.items():
        known = before.get(name)
        if value is None or known == value:
            continue
        if isinstance(known, dict) and isinstance(value, dict):
            if inner := merge_diff(known, value):
                patch[name] = inner
        elif without_nulls(known) != without_nulls(value):
            patch[name] = value
    return patch
