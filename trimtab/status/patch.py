"""The one status write of a pass: what differs, as an RFC 7386 merge patch."""

from typing import Any

import msgspec

from trimtab.model.application import ApplicationStatus


def status_patch(before: ApplicationStatus, after: ApplicationStatus) -> dict[str, Any] | None:
    """The merge patch (without the `status` wrapper) that turns `before` into `after`; None when nothing changed.

    Only known fields are named, so that fields of a newer Argo CD stay as they are.
    """
    return merge_diff(msgspec.to_builtins(before), msgspec.to_builtins(after)) or None


def merge_diff(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The merge patch from one JSON object to another; {} when they are equal."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        known = before.get(name)
        if known == value and name in before:
            continue
        if isinstance(known, dict) and isinstance(value, dict):
            patch[name] = merge_diff(known, value)
        else:
            patch[name] = value
    return patch
