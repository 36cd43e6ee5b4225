"""Random small changes of Kubernetes objects, the same for the same seed: what people and controllers do to them."""

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

from trimtab.model.keys import Manifest

FIXED = frozenset(("apiVersion", "kind", "status"))
FIXED_METADATA = frozenset(
    (
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "ownerReferences",
    )
)
Slot = tuple[Any, Any]
"""A dict or list, and a key or index in it."""


def mutated(manifest: Manifest, rng: random.Random) -> Manifest:
    """A copy with one field or item changed, added, removed or moved."""
    changed = copy.deepcopy(manifest)
    slots = list(_slots(changed))
    for _ in range(20 if slots else 0):
        holder, key = rng.choice(slots)
        value = holder[key]
        if rng.choice(_changes(value))(holder, key, rng):
            return changed
    changed["metadata"].setdefault("labels", {})["mutated"] = str(rng.random())
    return changed


def _slots(manifest: Manifest) -> Iterator[Slot]:
    for name, value in manifest.items():
        if name == "metadata":
            for field in value.keys() - FIXED_METADATA:
                yield from _below(value, field)
        elif name not in FIXED:
            yield from _below(manifest, name)


def _below(holder: Any, key: Any) -> Iterator[Slot]:
    yield holder, key
    value = holder[key]
    for child in sorted(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _below(value, child)


Change = Callable[[Any, Any, random.Random], bool]


def _changes(value: Any) -> tuple[Change, ...]:
    if isinstance(value, dict):
        return (_remove, _add_field, _empty)
    if isinstance(value, list):
        return (_remove, _reorder, _drop_item, _copy_item, _copy_item, _empty)
    return (_remove, _set, _set, _set)


def _set(holder: Any, key: Any, rng: random.Random) -> bool:
    value = holder[key]
    if isinstance(value, bool):
        holder[key] = not value
    elif isinstance(value, int | float):
        holder[key] = value + 1
    elif isinstance(value, str):
        holder[key] = rng.choice((value + "x", value.upper(), "other", value))
    else:
        holder[key] = None
    return True


def _remove(holder: Any, key: Any, rng: random.Random) -> bool:
    if key in ("spec", "metadata", "template"):
        return False
    del holder[key]
    return True


def _empty(holder: Any, key: Any, rng: random.Random) -> bool:
    holder[key] = type(holder[key])()
    return True


def _add_field(holder: Any, key: Any, rng: random.Random) -> bool:
    value = holder[key]
    texts = [held for held in value.values() if isinstance(held, str)]
    if len(texts) < len(value):
        return False
    value[rng.choice(("example.org/a.b", "added", "x-y_z"))] = rng.choice(("", "YQ==", *texts))
    return True


def _reorder(holder: Any, key: Any, rng: random.Random) -> bool:
    value = holder[key]
    rng.shuffle(value)
    return len(value) > 1


def _drop_item(holder: Any, key: Any, rng: random.Random) -> bool:
    value = holder[key]
    if not value:
        return False
    value.pop(rng.randrange(len(value)))
    return True


def _copy_item(holder: Any, key: Any, rng: random.Random) -> bool:
    """One more item like another one, with another name."""
    value = holder[key]
    if not value:
        return False
    item = copy.deepcopy(rng.choice(value))
    if isinstance(item, dict):
        for name in ("name", "mountPath", "port", "containerPort"):
            if name in item:
                item[name] = item[name] + 1 if isinstance(item[name], int) else f"{item[name]}-2"
    elif isinstance(item, str):
        item = rng.choice((item, item + "-2"))
    value.insert(rng.randrange(len(value) + 1), item)
    return True
