"""Does a live object hold what its target says? Answered from managedFields, without a schema.

The rule is server-side apply's own: applying the target changes nothing when every field of the target has its value
in the live object, and every field that our manager owns is still in the target. How the items of a list are told
apart, and which maps count as one value, is read from managedFields, too. What looks different may still be equal to
the API server (a default inside an atomic list): a difference found here is a suspicion, which a dry run settles. The
other way round there is no doubt: where nothing is found, an apply changes nothing.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import orjson
from msgspec import Struct

from trimtab.compare.built_in import ATOMIC_DEFAULTS, BUILT_IN_GROUPS, DEFAULT_KEYS, FILLED
from trimtab.compare.owners import Fields, Ownership, children_of, holds, item_kind, ownership
from trimtab.compare.place import Place, Step, show, steps_of
from trimtab.compare.quantity import same_quantity
from trimtab.model.keys import Manifest, kind_of
from trimtab.model.names import LAST_APPLIED

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING", "__bool__": lambda self: False})()

SERVER_METADATA = frozenset(("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp"))


class Difference(Struct, frozen=True):
    """One field that differs. `target` or `live` is MISSING where that side lacks it.

    `manager` and `time` say who changed it last, as far as managedFields tell ("" otherwise).
    """

    path: str
    target: Any
    live: Any
    manager: str = ""
    time: str = ""


def differences(target: Manifest, live: Manifest, who: Ownership | None = None) -> tuple[Difference, ...]:
    """The fields in which `live` does not hold `target`; () means that applying the target changes nothing.

    `who`: the ownership of `live`, where the caller has it already.
    """
    who = who or ownership(live)
    version, live_version = target.get("apiVersion"), live.get("apiVersion")
    if version != live_version:
        return (Difference("apiVersion", version, live_version),)
    walk = _Walk(who, built_in=kind_of(target).group in BUILT_IN_GROUPS)
    if who.version not in ("", version):
        walk.add(_TOP_VERSION, version, who.version)
    walk.object(target, live)
    return walk.result(live)


_TOP_VERSION: Place = (None, "f:apiVersion")
_METADATA: Place = (None, "f:metadata")
_PASSED_OVER = ("apiVersion", "kind", "status")


class _Walk:
    """One comparison under way: target and live side by side, with what our manager owns at that place."""

    def __init__(self, who: Ownership, *, built_in: bool) -> None:
        self.who = who
        self.built_in = built_in
        self.found: list[tuple[Place, Any, Any]] = []
        self.doubt: tuple[Place, Any, Any] | None = None

    def result(self, live: Manifest) -> tuple[Difference, ...]:
        """What was found. A doubt counts where there is nothing else: one dry run settles all."""
        found = self.found
        if found and self.who.takeover:
            found = [f for f in found if self.survives_takeover(*f, last=_last_applied(live))]
        if not found and self.doubt:
            found = [self.doubt]
        return tuple(
            Difference(show(place), target, value, *self.who.last_writer(steps_of(place)))
            for place, target, value in found
        )

    def survives_takeover(self, place: Place, target: Any, live: Any, *, last: Any) -> bool:
        """A client-side apply owns the server's defaults too: gone is only what it named. And it does not own what it
        applied empty and the server dropped."""
        steps = steps_of(place)
        if target is MISSING:
            return holds(self.who.applied, steps) or _at(last, steps) is not MISSING
        dropped = self.built_in and live is MISSING and not target
        return not (dropped and same_value(_at(last, steps), target))

    def add(self, place: Place, target: Any, live: Any) -> None:
        self.found.append((place, target, live))

    def object(self, target: Manifest, live: Manifest) -> None:
        owned = self.who.owned
        for name, wanted in target.items():
            if name not in _PASSED_OVER:
                step = "f:" + name
                self.value((None, step), wanted, live.get(name, MISSING), owned.get(step))
        for step in owned:
            name = step[2:]
            if step[:2] == "f:" and name not in target and name in live and name not in _PASSED_OVER:
                self.left_behind((None, step), live[name], owned[step])

    def value(self, place: Place, target: Any, live: Any, owned: Fields | None) -> None:
        """`owned` is None where our manager does not own the place, {} where it owns it as one value."""
        if target is live:
            return
        if isinstance(target, dict):
            self.mapping(place, target, live, owned)
        elif isinstance(target, list):
            self.sequence(place, target, live, owned)
        elif not self.same(place, target, live, owned):
            self.add(place, target, live)

    def same(self, place: Place, target: Any, live: Any, owned: Fields | None) -> bool:
        """Is a scalar the same, or one that the server rewrites to the same?"""
        if target is None or live is MISSING:
            return self.absent(target, live, owned)
        return same_scalar(target, live) or (self.built_in and same_quantity(place, target, live))

    def absent(self, target: Any, live: Any, owned: Fields | None) -> bool:
        """Is an empty value (null, "", 0, {}, []) the same as none? Where we own it, the server dropped it."""
        if live is MISSING:
            mine = owned is not None and (not owned or "." in owned)
            dropped = target is None or (self.built_in and not target)
            return dropped and (mine or (self.built_in and target in (None, [])))
        return live is None and (target is None or (self.built_in and target == []))

    def mapping(self, place: Place, target: dict[str, Any], live: Any, owned: Fields | None) -> None:
        if not isinstance(live, dict):
            if not self.absent(target, live, owned):
                self.add(place, target, live)
        elif owned:
            self.fields(place, target, live, owned)
        elif owned is None:
            self.unowned(place, target, live)
        elif not (self.same_atomic(place[1][2:], target, live) or self.is_filled(place[1], target)):
            self.add(place, target, live)

    def is_filled(self, step: Step, target: dict[str, Any]) -> bool:
        """Did we apply `{}`, and others what the live map holds?"""
        return not target and self.built_in and step in FILLED

    def fields(self, place: Place, target: dict[str, Any], live: dict[str, Any], owned: Fields) -> None:
        """A map whose fields are owned one by one."""
        met = 1 if "." in owned else 0
        for name, wanted in target.items():
            step = "f:" + name
            mine = owned.get(step)
            met += mine is not None
            have = live.get(name, MISSING)
            # Most fields of most objects end here.
            if not (wanted.__class__ is str and wanted == have):
                self.value((place, step), wanted, have, mine)
        if met == len(owned):
            return
        for step, mine in owned.items():
            name = step[2:]
            if step[:2] != "f:" or name in target or name not in live:
                continue
            if not (place == _METADATA and name in SERVER_METADATA):
                self.left_behind((place, step), live[name], mine)

    def unowned(self, place: Place, target: dict[str, Any], live: dict[str, Any]) -> None:
        """A map of which we own nothing: an apply adds to it, or takes its place if it counts as one value."""
        before = len(self.found)
        for name, wanted in target.items():
            self.value((place, "f:" + name), wanted, live.get(name, MISSING), None)
        if len(self.found) == before and live.keys() - target.keys() and not self.is_granular(place):
            self.doubt = self.doubt or (place, target, live)

    def is_granular(self, place: Place) -> bool:
        """Do other managers own single fields of it?"""
        parent, _ = place
        if place == _METADATA or parent == _METADATA:
            return True
        return any(children_of(node) for node in self.who.others_at(steps_of(place)))

    def left_behind(self, place: Place, live: Any, owned: Fields) -> None:
        """A field that we own and the target no longer names; a value that others own as well stays."""
        if owned or not any(node == {} for node in self.who.others_at(steps_of(place))):
            self.add(place, MISSING, live)

    def sequence(self, place: Place, target: list[Any], live: Any, owned: Fields | None) -> None:
        if not isinstance(live, list):
            if not self.absent(target, live, owned):
                self.add(place, target, live)
            return
        kind, hint = self.list_kind(place, owned)
        if kind == "k":
            self.keyed(place, target, live, _plain(owned), keys=_keys(hint))
        elif kind == "v":
            self.unordered(place, target, live, _plain(owned))
        elif not self.same_atomic(place[1][2:], target, live):
            self.add(place, target, live)

    def same_atomic(self, name: str, target: Any, live: Any) -> bool:
        """Equal as whole values, but for what the server always adds below a field called `name`."""
        if not self.built_in:
            return same_value(target, live)
        if isinstance(target, list) and isinstance(live, list):
            pairs = zip(target, live, strict=False)
            return len(target) == len(live) and all(self.same_atomic(name, one, other) for one, other in pairs)
        if not (isinstance(target, dict) and isinstance(live, dict)):
            return same_value(target, live)
        added = ATOMIC_DEFAULTS.get(name, {})
        return all(
            self.same_atomic(field, target.get(field, added.get(field, MISSING)), live.get(field, MISSING))
            for field in target.keys() | live.keys()
        )

    def list_kind(self, place: Place, owned: Fields | None) -> tuple[str, Step]:
        """'k' for a list of maps with keys, 'v' for a set, '' for an atomic list (or one that nobody owns)."""
        found = item_kind(owned)
        if found[0]:
            return found
        nodes = self.who.others_at(steps_of(place))
        return next((kind for node in nodes if (kind := item_kind(node))[0]), ("", ""))

    def keyed(self, place: Place, target: list[Any], live: list[Any], owned: Fields, *, keys: tuple[str, ...]) -> None:
        steps = [_item_step(item, keys, built_in=self.built_in) for item in live]
        wanted = [_item_step(item, keys, built_in=self.built_in) for item in target]
        if "" in wanted:
            wanted = [step or _defaulted(item, keys, owned) for step, item in zip(wanted, target, strict=True)]
        at = {step: index for index, step in enumerate(steps)}
        if "" in at or "" in wanted or len(at) < len(live):
            self.add(place, target, live)
            return
        if wanted != steps:
            if len(set(wanted)) < len(wanted):
                self.add(place, target, live)
                return
            self.order(place, target, live, [at[step] for step in wanted if step in at])
        for step, item in zip(wanted, target, strict=True):
            if step in at:
                self.value((place, step), item, live[at[step]], owned.get(step))
            else:
                self.add((place, step), item, MISSING)
        self.gone_items(place, owned, wanted, {step: live[index] for step, index in at.items()})

    def unordered(self, place: Place, target: list[Any], live: list[Any], owned: Fields) -> None:
        """A set, which has an order all the same: an apply puts its items into that of the target."""
        at = {_value_step(item): index for index, item in enumerate(live)}
        wanted = [_value_step(item) for item in target]
        if len(at) < len(live) or len(set(wanted)) < len(wanted):
            self.add(place, target, live)
            return
        for step, item in zip(wanted, target, strict=True):
            if step not in at:
                self.add((place, step), item, MISSING)
        self.order(place, target, live, [at[step] for step in wanted if step in at])
        self.gone_items(place, owned, wanted, {step: live[index] for step, index in at.items()})

    def order(self, place: Place, target: list[Any], live: list[Any], met: list[int]) -> None:
        if any(one >= other for one, other in pairwise(met)):
            self.add(place, target, live)

    def gone_items(self, place: Place, owned: Fields, wanted: Sequence[Step], live: dict[Step, Any]) -> None:
        """Items that we own and the target no longer names."""
        if owned.keys() <= set(wanted):
            return
        for step in owned.keys() - wanted:
            if step in live:
                self.left_behind((place, step), live[step], owned[step])


def same_scalar(target: Any, live: Any) -> bool:
    """Equal as JSON: `1` and `1.0` are, `1` and `true` are not; null and absent are."""
    if target is None:
        return live is None or live is MISSING
    if isinstance(target, bool) or isinstance(live, bool):
        return target is live
    return bool(target == live)


def same_value(target: Any, live: Any) -> bool:
    """Equal as whole JSON values."""
    if isinstance(target, dict) and isinstance(live, dict):
        return target.keys() == live.keys() and all(same_value(v, live[k]) for k, v in target.items())
    if isinstance(target, list) and isinstance(live, list):
        return len(target) == len(live) and all(map(same_value, target, live))
    if isinstance(target, dict | list) or isinstance(live, dict | list):
        return False
    return same_scalar(target, live)


def _item_step(item: Any, keys: tuple[str, ...], *, built_in: bool) -> Step:
    """The name of a list item in FieldsV1 (keys sorted, no blanks); "" where it lacks a key that we cannot tell."""
    if not isinstance(item, dict):
        return ""
    if len(keys) == 1 and (only := item.get(keys[0])) is not None:
        return f'k:{{"{keys[0]}":{orjson.dumps(only).decode()}}}'
    named = {key: item.get(key) for key in keys}
    if built_in:
        named = {key: DEFAULT_KEYS.get(key) if value is None else value for key, value in named.items()}
    return "" if None in named.values() else "k:" + orjson.dumps(named).decode()


def _defaulted(item: Any, keys: tuple[str, ...], owned: Fields) -> Step:
    """The item that we applied without the keys that `item` lacks, too: we do not own these, the server filled them in.

    "" where there is no such item, or more than one.
    """
    if not isinstance(item, dict):
        return ""
    given = {key: item[key] for key in keys if item.get(key) is not None}
    lacking = [f"f:{key}" for key in keys if key not in given]
    found = [
        step
        for step, node in owned.items()
        if step[:2] == "k:"
        and node
        and not any(field in node for field in lacking)
        and given.items() <= orjson.loads(step[2:]).items()
    ]
    return found[0] if given and len(found) == 1 else ""


def _value_step(item: Any) -> Step:
    return "v:" + orjson.dumps(item).decode()


@lru_cache(maxsize=4096)
def _keys(step: Step) -> tuple[str, ...]:
    return tuple(sorted(orjson.loads(step[2:])))


def _plain(owned: Fields | None) -> Fields:
    """The node with its steps spelled as we spell them: Go writes `<` in them as an escape."""
    if not owned:
        return {}
    if not any("\\" in step for step in owned):
        return owned
    return {_respelled(step): node for step, node in owned.items()}


def _respelled(step: Step) -> Step:
    return step[:2] + orjson.dumps(orjson.loads(step[2:])).decode() if step[:2] in ("k:", "v:") else step


def _last_applied(live: Manifest) -> Any:
    """What the last client-side apply named."""
    annotations = live["metadata"].get("annotations") or {}
    try:
        return orjson.loads(annotations.get(LAST_APPLIED) or "{}")
    except orjson.JSONDecodeError:
        return {}


def _at(value: Any, steps: Sequence[Step]) -> Any:
    for step in steps:
        value = _child(value, step)
        if value is MISSING:
            break
    return value


def _child(node: Any, step: Step) -> Any:
    if step[:2] == "f:":
        return node.get(step[2:], MISSING) if isinstance(node, dict) else MISSING
    if not isinstance(node, list):
        return MISSING
    wanted = orjson.loads(step[2:])
    if step[:2] == "v:":
        return wanted if wanted in node else MISSING
    return next((item for item in node if isinstance(item, dict) and _has_keys(item, wanted)), MISSING)


def _has_keys(item: dict[str, Any], keys: dict[str, Any]) -> bool:
    return all(item.get(name, DEFAULT_KEYS.get(name)) == value for name, value in keys.items())
