"""The watch cache: transitions one by one, then any history of a server, seen late and out of step."""

import tracemalloc
from collections import deque
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.live.entry import entry_of, pack, unpack
from trimtab.live.store import LiveStore
from trimtab.model.keys import ObjectKey
from trimtab.model.names import TRACKING_ID
from trimtab.model.observed import Listed, ObjectMeta, Observed, Removed, Upserted, WatchEvent
from trimtab.model.tracking import tracking_id

KIND = ("", "ConfigMap")


def a_key(name: str, *, namespace: str = "place") -> ObjectKey:
    return ObjectKey(group="", kind="ConfigMap", namespace=namespace, name=name)


def seen(name: str, version: int | str = 1, *, owner: str = "", uid: str = "u", stamp: str | None = None) -> Observed:
    """An object as a watch yields it. `stamp`: a tracking annotation other than the right one."""
    key = a_key(name)
    text = stamp if stamp is not None else tracking_id(owner, key, destination_namespace="place") if owner else None
    annotations = {TRACKING_ID: text} if text is not None else None
    metadata: dict[str, Any] = {"name": name, "uid": uid, "resourceVersion": str(version), "annotations": annotations}
    raw = orjson.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    meta = ObjectMeta(name=name, namespace="place", uid=uid, resource_version=str(version), annotations=annotations)
    return Observed(key, meta, raw)


def upserted(name: str, version: int | str = 1, **more: str) -> Upserted:
    return Upserted(seen(name, version, **more))


def listed(*names: str) -> Listed:
    return Listed(frozenset(map(a_key, names)))


def a_store(*events: WatchEvent) -> LiveStore:
    store = LiveStore()
    store.fold(KIND, events)
    return store


def tracked_names(store: LiveStore, instance: str) -> set[str]:
    return {key.name for key in store.tracked(instance)}


def test_nothing_is_known_of_a_kind_that_is_not_listed() -> None:
    store = LiveStore()
    assert store.presence(a_key("a")) == "unknown"
    store.fold(KIND, [upserted("a"), upserted("b", owner="shop")])
    assert [store.presence(a_key(name)) for name in "abc"] == ["unread", "kept", "unknown"]
    store.fold(KIND, [listed("a", "b")])
    assert store.presence(a_key("c")) == "absent"


def test_one_answer_does_not_make_the_rest_of_its_kind_absent() -> None:
    store = LiveStore()
    store.put(seen("a", owner="shop"))
    assert (store.presence(a_key("a")), store.presence(a_key("b"))) == ("kept", "unknown")


def test_a_tracked_object_is_kept_and_its_application_told() -> None:
    store = LiveStore()
    assert store.fold(KIND, [upserted("a", owner="shop")]) == {"shop"}
    entry = store.get(a_key("a"))
    assert entry is not None
    assert entry.manifest()["metadata"]["name"] == "a"
    assert (entry.version, entry.uid, entry.instance) == ("1", "u", "shop")
    assert tracked_names(store, "shop") == {"a"}
    assert store.fold(KIND, [Removed(seen("a", 2, owner="shop"))]) == {"shop"}
    assert (store.get(a_key("a")), tracked_names(store, "shop"), len(store)) == (None, set(), 0)


def test_the_same_version_again_touches_nobody() -> None:
    store = a_store(upserted("a", owner="shop"))
    assert store.fold(KIND, [upserted("a", owner="shop"), listed("a")]) == set()


def test_an_object_changes_hands() -> None:
    store = a_store(upserted("a", owner="shop"))
    assert store.fold(KIND, [upserted("a", 2, owner="bank")]) == {"shop", "bank"}
    assert (tracked_names(store, "shop"), tracked_names(store, "bank")) == (set(), {"a"})


def test_an_object_is_let_go_of() -> None:
    store = a_store(upserted("a", owner="shop"))
    assert store.fold(KIND, [upserted("a", 2)]) == {"shop"}
    assert (store.get(a_key("a")), store.presence(a_key("a"))) == (None, "unread")


@pytest.mark.parametrize(
    "stamp",
    [
        "shop:/ConfigMap:place/original",
        "shop:/ConfigMap:elsewhere/a",
        "shop:/Secret:place/a",
        "shop:apps/ConfigMap:place/a",
        "shop:/ConfigMap:place/",
        "shop:ConfigMap:place/a",
        ":/ConfigMap:place/a",
        "shop",
        "",
        "::",
    ],
)
def test_a_copied_or_odd_annotation_tracks_nothing(stamp: str) -> None:
    store = LiveStore()
    assert store.fold(KIND, [upserted("a", stamp=stamp)]) == set()
    assert (len(store), store.presence(a_key("a"))) == (0, "unread")


def test_a_wanted_object_is_kept_though_nothing_tracks_it() -> None:
    store = LiveStore()
    store.want("shop", frozenset((a_key("a"),)))
    store.want("bank", frozenset((a_key("a"), a_key("b"))))
    assert store.fold(KIND, [upserted("a")]) == {"shop", "bank"}
    assert store.presence(a_key("a")) == "kept"
    store.want("shop", frozenset())
    assert store.presence(a_key("a")) == "kept"
    store.want("bank", frozenset((a_key("b"),)))
    assert store.presence(a_key("a")) == "unread"
    assert store.fold(KIND, [upserted("a", 2)]) == set()


def test_what_came_before_it_was_wanted_has_to_be_read() -> None:
    store = a_store(upserted("a"), listed("a"))
    store.want("shop", frozenset((a_key("a"), a_key("b"))))
    assert (store.presence(a_key("a")), store.presence(a_key("b"))) == ("unread", "absent")
    assert store.put(seen("a")) == {"shop"}
    assert store.presence(a_key("a")) == "kept"


def test_a_wanted_object_that_is_deleted_or_appears_is_told() -> None:
    store = a_store(listed())
    store.want("shop", frozenset((a_key("a"),)))
    assert store.fold(KIND, [upserted("a")]) == {"shop"}
    assert store.fold(KIND, [Removed(seen("a", 2))]) == {"shop"}
    assert store.presence(a_key("a")) == "absent"


def test_letting_go_of_a_target_that_is_tracked_keeps_it() -> None:
    store = a_store(upserted("a", owner="shop"))
    store.want("shop", frozenset((a_key("a"),)))
    store.want("shop", frozenset())
    assert tracked_names(store, "shop") == {"a"}


def test_a_listing_says_what_is_gone() -> None:
    store = a_store(upserted("a", owner="shop"), upserted("b", owner="bank"), upserted("c"), upserted("d"))
    other = ObjectKey(group="apps", kind="Deployment", namespace="place", name="a")
    assert store.fold(KIND, [listed("b", "d")]) == {"shop"}
    assert [store.presence(a_key(name)) for name in "abcd"] == ["absent", "kept", "absent", "unread"]
    assert store.presence(other) == "unknown"


def test_a_kind_that_is_not_served_any_more_is_forgotten() -> None:
    store = a_store(upserted("a", owner="shop"), upserted("b"), listed("a", "b"))
    assert store.forget_kind(KIND) == {"shop"}
    assert store.forget_kind(KIND) == set()
    assert {store.presence(a_key(name)) for name in "abc"} == {"unknown"}
    assert (len(store), tracked_names(store, "shop")) == (0, set())


def test_an_answer_is_ahead_of_the_watch() -> None:
    """Between our write and its event, older events are still under way."""
    store = a_store(upserted("a", 1, owner="shop"), listed("a"))
    assert store.put(seen("a", 5, owner="shop")) == {"shop"}
    assert store.fold(KIND, [upserted("a", 3, owner="bank"), upserted("a", 5, owner="shop")]) == set()
    assert tracked_names(store, "shop") == {"a"}
    assert store.fold(KIND, [upserted("a", 6, owner="bank")]) == {"shop", "bank"}


def test_the_end_of_an_earlier_object_does_not_take_the_new_one() -> None:
    store = a_store(upserted("a", 1, owner="shop", uid="old"), listed("a"))
    store.put(seen("a", 5, owner="shop", uid="new"))
    assert store.fold(KIND, [Removed(seen("a", 4, owner="shop", uid="old"))]) == set()
    entry = store.get(a_key("a"))
    assert entry is not None
    assert entry.uid == "new"
    store.fold(KIND, [upserted("a", 5, owner="shop", uid="new"), Removed(seen("a", 7, owner="shop", uid="new"))])
    assert store.presence(a_key("a")) == "absent"


def test_a_late_answer_does_not_bring_a_deleted_object_back() -> None:
    store = a_store(listed())
    store.fold(KIND, [upserted("a", 5, owner="shop"), Removed(seen("a", 6, owner="shop"))])
    assert store.put(seen("a", 5, owner="shop")) == set()
    assert store.presence(a_key("a")) == "absent"
    assert store.put(seen("a", 7, owner="shop")) == {"shop"}


def test_nor_does_one_that_comes_after_a_listing() -> None:
    store = a_store(Listed(frozenset(), "9"))
    assert store.put(seen("a", 5, owner="shop")) == set()
    assert store.presence(a_key("a")) == "absent"


def test_a_listing_of_an_earlier_time_does_not_take_what_was_made_since() -> None:
    store = a_store(Listed(frozenset(), "5"))
    store.put(seen("a", 7, owner="shop"))
    assert store.fold(KIND, [Listed(frozenset(), "6")]) == set()
    assert store.presence(a_key("a")) == "kept"
    assert store.fold(KIND, [Listed(frozenset(), "8")]) == {"shop"}


def test_an_older_answer_is_ignored() -> None:
    store = a_store(upserted("a", 10, owner="shop"))
    assert store.put(seen("a", 9, owner="bank")) == set()
    assert store.put(seen("a", 10, owner="bank")) == set()
    assert store.put(seen("a", 11, owner="bank")) == {"shop", "bank"}


def test_versions_are_compared_as_numbers() -> None:
    store = a_store(upserted("a", 9, owner="shop"))
    assert store.put(seen("a", 10, owner="bank")) == {"shop", "bank"}


@pytest.mark.parametrize("version", ["", "abc", "-1", "1.5", "0"])
def test_versions_that_are_no_numbers_are_only_told_apart(version: str) -> None:
    store = a_store(upserted("a", "x1", owner="shop"))
    assert store.put(seen("a", version, owner="bank")) == {"shop", "bank"}
    assert store.put(seen("a", version, owner="bank")) == set()
    assert store.fold(KIND, [upserted("a", "x2", owner="shop")]) == {"shop", "bank"}
    assert store.fold(KIND, [Removed(seen("a", "x3"))]) == {"shop"}


def test_a_listing_with_older_versions_is_believed() -> None:
    """The server's storage was restored from a backup: its versions have gone back."""
    store = a_store(upserted("a", 100, owner="shop"), listed("a"))
    store.fold(KIND, [upserted("a", 50, owner="bank"), Listed(frozenset((a_key("a"),)), "50")])
    assert tracked_names(store, "bank") == {"a"}
    assert store.put(seen("b", 51, owner="shop")) == {"shop"}


def test_a_body_is_unpacked_as_it_was() -> None:
    for body in (b"", b"{}", b'{"a":"\xc3\xa9"}', orjson.dumps({"data": {"x": "y" * 100_000}})):
        assert unpack(pack(body)) == body
    entry = entry_of(seen("a", owner="shop"))
    assert (entry.instance, entry.manifest()["kind"]) == ("shop", "ConfigMap")


def memory_of(events: list[WatchEvent]) -> float:
    """Bytes that the store takes for each event."""
    store = LiveStore()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        store.fold(KIND, events)
        return (tracemalloc.get_traced_memory()[0] - before) / len(events)
    finally:
        tracemalloc.stop()


def test_objects_of_nobody_cost_next_to_nothing() -> None:
    names = [f"n{number}" for number in range(5000)]
    events: list[WatchEvent] = [*(upserted(name) for name in names), listed(*names)]
    assert memory_of(events) <= 100


# Any history of a server, delivered late, with relists and answers in between.

NAMES = "abc"
INSTANCES = ("shop", "bank")
OWNERS = st.sampled_from(("", *INSTANCES, "copied"))


class Server:
    """What exists, and what of it has not been told yet."""

    def __init__(self) -> None:
        self.version = 0
        self.objects: dict[str, Observed] = {}
        self.untold: deque[WatchEvent] = deque()

    def write(self, name: str, owner: str) -> Observed:
        self.version += 1
        uid = self.objects[name].meta.uid if name in self.objects else f"u{self.version}"
        stamp = "shop:/ConfigMap:place/else" if owner == "copied" else None
        made = seen(name, self.version, owner="" if stamp else owner, uid=uid, stamp=stamp)
        self.objects[name] = made
        self.untold.append(Upserted(made))
        return made

    def delete(self, name: str) -> None:
        last = self.objects.pop(name, None)
        if last is None:
            return
        self.version += 1
        text = (last.meta.annotations or {}).get(TRACKING_ID)
        self.untold.append(Removed(seen(name, self.version, uid=last.meta.uid, stamp=text)))

    def listing(self) -> list[WatchEvent]:
        self.untold.clear()
        return [*map(Upserted, self.objects.values()), Listed(frozenset(map(a_key, self.objects)), str(self.version))]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(NAMES), OWNERS),
        st.tuples(st.just("write, answered at once"), st.sampled_from(NAMES), OWNERS),
        st.tuples(st.just("write, answered late"), st.sampled_from(NAMES), OWNERS),
        st.tuples(st.just("delete"), st.sampled_from(NAMES), st.just("")),
        st.tuples(st.just("answer"), st.just(""), st.just("")),
        st.tuples(st.just("read"), st.sampled_from(NAMES), st.just("")),
        st.tuples(st.just("tell one"), st.just(""), st.just("")),
        st.tuples(st.just("tell all"), st.just(""), st.just("")),
        st.tuples(st.just("list"), st.just(""), st.just("")),
        st.tuples(st.just("want"), st.sampled_from(NAMES), st.sampled_from(INSTANCES)),
        st.tuples(st.just("want nothing"), st.just(""), st.sampled_from(INSTANCES)),
    ),
    max_size=40,
)


class World:
    """A server, a cache that follows it, answers under way, and what the applications want."""

    def __init__(self) -> None:
        self.server, self.store = Server(), LiveStore()
        self.late: deque[Observed] = deque()
        self.wanted: dict[str, set[str]] = {instance: set() for instance in INSTANCES}
        self.store.fold(KIND, self.server.listing())

    def is_ours(self, name: str, owner: str) -> bool:
        """We write only what is tracked or wanted."""
        return owner in INSTANCES or any(name in names for names in self.wanted.values())

    def step(self, what: str, name: str, owner: str) -> set[str]:
        """Whom the cache tells of a change."""
        if what.startswith("want"):
            self.want(what, name, owner)
            return set()
        if what == "delete":
            self.server.delete(name)
        elif what.startswith("write"):
            return self.write(what, name, owner)
        elif what == "answer" and self.late:
            return self.store.put(self.late.popleft())
        elif what == "read" and name in self.server.objects:
            return self.store.put(self.server.objects[name])
        elif what in ("tell one", "tell all", "list"):
            return self.tell(what)
        return set()

    def write(self, what: str, name: str, owner: str) -> set[str]:
        made = self.server.write(name, owner)
        if what == "write" or not self.is_ours(name, owner):
            return set()
        if what == "write, answered at once":
            return self.store.put(made)
        self.late.append(made)
        return set()

    def tell(self, what: str) -> set[str]:
        untold = self.server.untold
        if what == "list":
            return self.store.fold(KIND, self.server.listing())
        told = [untold.popleft() for _ in range(len(untold) if what == "tell all" else min(1, len(untold)))]
        return self.store.fold(KIND, told)

    def want(self, what: str, name: str, owner: str) -> None:
        """What is wanted changes between syncs, when their answers are in."""
        self.answer_all()
        self.wanted[owner] = {*self.wanted[owner], name} if what == "want" else set()
        self.store.want(owner, frozenset(map(a_key, self.wanted[owner])))

    def answer_all(self) -> None:
        while self.late:
            self.store.put(self.late.popleft())


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_whatever_happens_the_cache_ends_up_with_the_truth(steps: list[tuple[str, str, str]]) -> None:
    world = World()
    server, store = world.server, world.store
    for what, name, owner in steps:
        before = {key: entry.version for key in map(a_key, NAMES) if (entry := store.get(key))}
        touched = world.step(what, name, owner)
        check_indexes(store)
        if not what.startswith("want"):
            check_step(world, before, touched)
    world.answer_all()
    store.fold(KIND, server.untold)
    for name in NAMES:
        check_truth(server, store, world.wanted, name)
    for instance in INSTANCES:
        owned = {name for name, found in server.objects.items() if entry_of(found).instance == instance}
        assert tracked_names(store, instance) == owned


def check_step(world: World, before: dict[ObjectKey, str], touched: set[str]) -> None:
    """No object goes back in time, and whoever wants one that changed is told."""
    for key, version in before.items():
        entry = world.store.get(key)
        assert entry is None or int(entry.version) >= int(version)
        if entry is None or entry.version != version:
            assert {instance for instance in INSTANCES if key.name in world.wanted[instance]} <= touched


def check_indexes(store: LiveStore) -> None:
    entries = [entry for key in map(a_key, NAMES) if (entry := store.get(key))]
    assert len(store) == len(entries)
    for instance in INSTANCES:
        owned = {entry.key: entry for entry in entries if entry.instance == instance}
        assert dict(store.tracked(instance)) == owned


def check_truth(server: Server, store: LiveStore, wanted: dict[str, set[str]], name: str) -> None:
    found, key = server.objects.get(name), a_key(name)
    if found is None:
        assert store.presence(key) == "absent"
        return
    is_wanted = any(name in names for names in wanted.values())
    expected = entry_of(found)
    if expected.instance:
        assert store.get(key) == expected
    elif is_wanted:
        assert store.get(key) == expected or store.presence(key) == "unread"
    else:
        assert store.presence(key) == "unread"
