"""Patches as callers send them, applied to the object at hand: bounded, since a few bytes can ask for terabytes."""

from typing import Any

import msgspec
import orjson

from trimtab.model.keys import Manifest
from trimtab.server.failures import bad_request
from trimtab.server.writing.body import refuse_unsendable
from trimtab.typed.json_patch import PatchError, apply_json_patch, merge_patch

MOST_OPERATIONS = 1000
LARGEST = 3 << 20
"""Bytes of the result; etcd takes 1.5 MiB. A `copy` can double what is there, again and again."""


def patched(document: Manifest, patch: str, *, patch_type: str) -> Manifest:
    """`document` changed. `patch` is JSON; `patch_type` "json" (RFC 6902, also for "") or "merge" (RFC 7386).

    Raises Failure (400).
    """
    if patch_type not in ("", "json", "merge"):
        raise bad_request(f"Patch type '{patch_type}' is not supported; use json or merge")
    try:
        asked: Any = msgspec.json.decode(patch.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise bad_request(f"the patch is not JSON: {error}") from error
    refuse_unsendable(asked)
    try:
        changed = merge_patch(document, asked) if patch_type == "merge" else _run(document, asked)
    except PatchError as error:
        raise bad_request(f"the patch cannot be applied: {error}") from error
    except RecursionError as error:
        raise bad_request("the patch is nested too deeply") from error
    if not isinstance(changed, dict):
        raise bad_request("the patch makes something else of the object")
    return changed


def _run(document: Manifest, operations: Any) -> Any:
    """In steps that each end with a `copy`, so that the size is looked at before it is doubled again."""
    if not isinstance(operations, list):
        raise PatchError("a JSON patch is a list of operations")
    if len(operations) > MOST_OPERATIONS:
        raise PatchError(f"it has more than {MOST_OPERATIONS} operations")
    result: Any = document
    begin = 0
    for end, operation in enumerate(operations, 1):
        copies = isinstance(operation, dict) and operation.get("op") == "copy"
        if copies or end == len(operations):
            result = apply_json_patch(result, operations[begin:end])
            begin = end
            refuse_unsendable(result)
            if len(orjson.dumps(result)) > LARGEST:
                raise PatchError(f"the result is larger than {LARGEST} bytes")
    return result
