"""Does a live object hold what its target says? Answered from managedFields, without a schema.

The rule is server-side apply's own: applying the target changes nothing when every field of the target has its value
in the live object, and every field that our manager owns is still in the target. How the items of a list are told
apart is written in managedFields (`k:{"name":"web"}`), so no schema is needed. What looks different may still be equal
to the API server (`1000m` and `1`, a default inside an atomic list): a difference found here is a suspicion, which a
dry run settles.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from msgspec import Struct

from trimtab.model.keys import Manifest
from trimtab.model.names import FIELD_MANAGER

Fields = dict[str, Any]
"""A node of FieldsV1: `f:name`, `k:{…}`, `v:…`, `.` → node."""

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING", "__bool__": lambda self: False})()

CLIENT_SIDE_MANAGERS = ("kubectl-client-side-apply", "kubectl-last-applied", FIELD_MANAGER)
"""Managers whose `Update` entries are a client-side apply: what they own is taken over before the first apply."""

IGNORED_METADATA = frozenset(("f:managedFields", "f:resourceVersion", "f:uid", "f:generation", "f:creationTimestamp"))


class Difference(Struct, frozen=True):
    """One field that differs. `target` or `live` is MISSING where that side lacks it.

    `manager` and `time` say who changed it last, as far as managedFields tell ("" otherwise).
    """

    path: str
    target: Any
    live: Any
    manager: str = ""
    time: str = ""


class Ownership(Struct, frozen=True):
    """What managedFields say about one object.

    `owned`: what our manager applied, or a client-side apply that we take over (`takeover`).
    """

    owned: Fields
    takeover: bool
    entries: Sequence[dict[str, Any]]

    def hints(self, steps: tuple[str, ...]) -> Iterator[Fields]:
        """What each manager, ours first, owns at the place that FieldsV1 `steps` lead to."""
        for node in (self.owned, *(entry.get("fieldsV1") or {} for entry in self.entries)):
            for step in steps:
                node = node.get(step)
                if not isinstance(node, dict):
                    break
            else:
                yield node


def ownership(live: Manifest) -> Ownership:
    """Read managedFields of `live`; an object without any is owned by nobody."""
    entries = [e for e in live.get("metadata", {}).get("managedFields") or () if not e.get("subresource")]
    for entry in entries:
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply":
            return Ownership(owned=entry.get("fieldsV1") or {}, takeover=False, entries=entries)
    for entry in entries:
        if is_client_side(entry):
            return Ownership(owned=entry.get("fieldsV1") or {}, takeover=True, entries=entries)
    return Ownership(owned={}, takeover=False, entries=entries)


def is_client_side(entry: dict[str, Any]) -> bool:
    """True for a managedFields entry that a client-side apply left."""
    return (
        entry.get("operation") == "Update"
        and not entry.get("subresource")
        and entry.get("manager") in CLIENT_SIDE_MANAGERS
    )


def differences(target: Manifest, live: Manifest) -> tuple[Difference, ...]:
    """The fields in which `live` does not hold `target`; () means that applying the target changes nothing."""
    who = ownership(live)
    found = _Walk(who)
    for name, wanted in target.items():
        if name in ("apiVersion", "kind", "status"):
            continue
        found.value((name,), (f"f:{name}",), wanted, live.get(name, MISSING), who.owned.get(f"f:{name}"))
    for step in who.owned:
        name = step[2:]
        if step.startswith("f:") and name not in target and name in live and name != "status":
            found.add((name,), (step,), MISSING, live[name])
    return tuple(found.differences)


Path = tuple[str, ...]


class _Walk:
    """One comparison under way: target and live side by side, with what our manager owns at that place."""

    def __init__(self, who: Ownership) -> None:
        self.who = who
        self.differences: list[Difference] = []

    def add(self, path: Path, steps: Path, target: Any, live: Any) -> None:
        manager, time = _last_writer(self.who.entries, steps)
        self.differences.append(Difference(_show(path), target, live, manager, time))

    def value(self, path: Path, steps: Path, target: Any, live: Any, owned: Any) -> None:
        if isinstance(target, dict):
            self.mapping(path, steps, target, live, owned)
        elif isinstance(target, list):
            self.sequence(path, steps, target, live, owned)
        elif not same_scalar(target, live):
            self.add(path, steps, target, live)

    def mapping(self, path: Path, steps: Path, target: dict[str, Any], live: Any, owned: Any) -> None:
        if not isinstance(live, dict):
            # The server may leave an empty map out.
            if target or live is not MISSING:
                self.add(path, steps, target, live)
            return
        mine: Fields = owned if isinstance(owned, dict) else {}
        for name, wanted in target.items():
            step = f"f:{name}"
            self.value((*path, name), (*steps, step), wanted, live.get(name, MISSING), mine.get(step))
        for step in mine:
            if not step.startswith("f:"):
                continue
            name = step[2:]
            if name not in target and name in live and not _ignored(path, step):
                self.add((*path, name), (*steps, step), MISSING, live[name])

    def sequence(self, path: Path, steps: Path, target: list[Any], live: Any, owned: Any) -> None:
        if not isinstance(live, list):
            if target or live is not MISSING:
                self.add(path, steps, target, live)
            return
        hint = self._list_hint(steps, owned)
        if hint == "k":
            self.keyed(path, steps, target, live, owned)
        elif hint == "v":
            self.unordered(path, steps, target, live, owned)
        elif not same_value(target, live):
            self.add(path, steps, target, live)

    def _list_hint(self, steps: Path, owned: Any) -> str:
        """'k' for a list of maps with keys, 'v' for a set, '' for an atomic list (or one that nobody owns)."""
        kind = _first_item_step(owned)
        if kind:
            return kind
        return next((k for node in self.who.hints(steps) if (k := _first_item_step(node))), "")

    def _key_names(self, steps: Path, owned: Any) -> tuple[str, ...]:
        for node in (owned, *self.who.hints(steps)):
            for step in node or ():
                if step.startswith("k:"):
                    return tuple(orjson.loads(step[2:]))
        return ()

    def keyed(self, path: Path, steps: Path, target: list[Any], live: list[Any], owned: Any) -> None:
        names = self._key_names(steps, owned)
        mine: Fields = owned if isinstance(owned, dict) else {}
        met: list[int] = []
        met_steps: set[str] = set()
        for wanted in target:
            at = _match(wanted, live, names)
            if at is None:
                self.add((*path, _label(wanted, names)), steps, wanted, MISSING)
                continue
            met.append(at)
            step = _item_step(live[at], names)
            met_steps.add(step)
            self.mapping((*path, _label(live[at], names)), (*steps, step), wanted, live[at], mine.get(step))
        if met != sorted(set(met)):
            self.add(path, steps, target, live)
        self._left_behind(path, steps, mine, met_steps, [(_item_step(item, names), item) for item in live])

    def unordered(self, path: Path, steps: Path, target: list[Any], live: list[Any], owned: Any) -> None:
        for wanted in target:
            if not any(same_value(wanted, item) for item in live):
                self.add((*path, f"[{wanted}]"), steps, wanted, MISSING)
        mine: Fields = owned if isinstance(owned, dict) else {}
        met = {f"v:{orjson.dumps(item).decode()}" for item in target}
        self._left_behind(path, steps, mine, met, [(f"v:{orjson.dumps(item).decode()}", item) for item in live])

    def _left_behind(self, path: Path, steps: Path, mine: Fields, met: set[str], items: list[tuple[str, Any]]) -> None:
        """Items that we own and the target no longer names."""
        for step, item in items:
            if step in mine and step not in met:
                self.add((*path, f"[{step[2:]}]"), (*steps, step), MISSING, item)


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


def _ignored(path: Path, step: str) -> bool:
    return path == ("metadata",) and step in IGNORED_METADATA


def _first_item_step(node: Any) -> str:
    for step in node or ():
        if step[:2] in ("k:", "v:"):
            return str(step[0])
    return ""


def _match(wanted: Any, live: list[Any], names: tuple[str, ...]) -> int | None:
    """The one live item with the key of `wanted`. Keys that the target leaves to their default match any value."""
    if not isinstance(wanted, dict):
        return None
    given = [name for name in names if name in wanted]
    hits = [
        at
        for at, item in enumerate(live)
        if isinstance(item, dict) and all(same_scalar(wanted[name], item.get(name, MISSING)) for name in given)
    ]
    if len(hits) > 1 and len(given) < len(names):
        hits = [at for at in hits if all(live[at].get(name) in ("TCP", None) for name in names if name not in given)]
    return hits[0] if len(hits) == 1 and given else None


def _item_step(item: Any, names: tuple[str, ...]) -> str:
    """The FieldsV1 name of a list item, spelled as the API server spells it (keys sorted, no blanks)."""
    if not isinstance(item, dict):
        return ""
    return "k:" + orjson.dumps({n: item[n] for n in sorted(names) if n in item}).decode()


def _label(item: Any, names: tuple[str, ...]) -> str:
    if not isinstance(item, dict):
        return f"[{item}]"
    return "[" + ",".join(f"{n}={item[n]}" for n in names if n in item) + "]"


def _show(path: Path) -> str:
    """`spec.containers[name=web].image`; a name with dots is quoted: `metadata.labels["a.b/c"]`."""
    shown = ""
    for part in path:
        if part.startswith("["):
            shown += part
        elif "." in part or "/" in part:
            shown += f'["{part}"]'
        else:
            shown += f".{part}" if shown else part
    return shown


def _last_writer(entries: Sequence[dict[str, Any]], steps: Path) -> tuple[str, str]:
    """The manager, other than our apply, that wrote the field (or what holds it) last, and when."""
    best = ("", "")
    for entry in entries:
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply":
            continue
        if _owns(entry.get("fieldsV1") or {}, steps) and (entry.get("time") or "") >= best[1]:
            best = (str(entry.get("manager") or ""), str(entry.get("time") or ""))
    return best


def _owns(node: Any, steps: Path) -> bool:
    """True where FieldsV1 names the field, or ends above it (an atomic value)."""
    for step in steps:
        if not isinstance(node, dict):
            return False
        if not node:
            return True
        if step not in node:
            return False
        node = node[step]
    return True
