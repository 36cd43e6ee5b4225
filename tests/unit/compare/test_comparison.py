"""Pairing, verdicts and how long they hold, leftovers, what is said of shared objects."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.builders import an_entry, an_object, compared, prepared, tracked
from trimtab.compare.comparison import Comparison, Verdict
from trimtab.compare.structural import MISSING, Difference
from trimtab.live.entry import Entry
from trimtab.model.keys import Manifest
from trimtab.model.names import COMPARE_OPTIONS, FIELD_MANAGER, HELM_HOOK, HOOK, IGNORE_HEALTHCHECK, SYNC_WAVE

TARGET = prepared(an_object(data={"a": "1"}))


def a_live(data: Any = None, *, version: str = "1", **more: Any) -> Entry:
    return an_entry(tracked(an_object(data=data or {"a": "1"}, **more)), version=version)


def one(comparison: Comparison) -> Any:
    (item,) = comparison.items
    return item


def test_a_missing_object_is_out_of_sync() -> None:
    comparison = compared(TARGET)
    item = one(comparison)
    assert (item.status, item.missing, item.requires_pruning) == ("OutOfSync", True, False)
    assert (comparison.status, comparison.suspects()) == ("OutOfSync", ())


def test_nothing_at_all_is_in_sync() -> None:
    assert Comparison().status == "Synced"
    assert compared(prepared()).status == "Synced"


def test_an_object_that_holds_its_target() -> None:
    comparison = compared(TARGET, a_live())
    assert (comparison.status, one(comparison).verdict.suspected) == ("Synced", False)


def test_a_suspicion_is_out_of_sync_until_it_is_settled() -> None:
    comparison = compared(TARGET, a_live({"a": "2"}))
    (suspect,) = comparison.suspects()
    assert (suspect.status, suspect.verdict.suspected) == ("OutOfSync", True)
    verdict = replace(suspect.verdict, suspected=False, differences=())
    settled = comparison.settled({suspect.key: verdict})
    assert (settled.status, settled.suspects()) == ("Synced", ())
    assert comparison.settled({}) is comparison


def test_leftovers_need_pruning_and_come_last_in_order() -> None:
    live = [an_entry(tracked(an_object(name=name))) for name in "zab"]
    comparison = compared(TARGET, *live)
    assert [(i.key.name, i.requires_pruning, i.status) for i in comparison.items] == [
        ("one", False, "OutOfSync"),
        ("a", True, "OutOfSync"),
        ("b", True, "OutOfSync"),
        ("z", True, "OutOfSync"),
    ]


@pytest.mark.parametrize(
    "annotations",
    [
        {HOOK: "PreSync"},
        {HELM_HOOK: "test"},
        {COMPARE_OPTIONS: "IgnoreExtraneous"},
        {COMPARE_OPTIONS: "A=1, IgnoreExtraneous"},
    ],
)
def test_what_is_no_leftover(annotations: dict[str, str]) -> None:
    assert compared(prepared(), an_entry(tracked(an_object(annotations=annotations)))).items == ()


def test_an_object_of_another_application_is_shared() -> None:
    foreign = an_entry(tracked(an_object(data={"a": "1"}), instance="bank"))
    assert one(compared(TARGET, foreign)).shared_with == "bank"
    assert one(compared(TARGET, a_live())).shared_with == ""
    assert one(compared(TARGET, an_entry(an_object()))).shared_with == ""


def test_waves_images_and_health_are_noted() -> None:
    pod: Manifest = {"spec": {"containers": [{"image": "b"}, {"image": "a"}]}}
    target = an_object("Pod", annotations={SYNC_WAVE: "3"}, **pod)
    live = {**tracked(target), "status": {"phase": "Failed"}}
    verdict = one(compared(prepared(target), an_entry(live))).verdict
    assert (verdict.wave, verdict.images, verdict.unhealthy_counts) == (3, ("a", "b"), True)
    assert verdict.health is not None
    assert one(compared(prepared(target))).verdict.images == ("a", "b")


def test_an_unhealthy_object_may_ask_not_to_count() -> None:
    target = an_object(annotations={IGNORE_HEALTHCHECK: "true"})
    for live in ((), (an_entry(tracked(target)),)):
        assert one(compared(prepared(target), *live)).verdict.unhealthy_counts is False
        assert one(compared(prepared(an_object()), *live)).verdict.unhealthy_counts is True
    assert one(compared(prepared(), an_entry(tracked(target)))).verdict.unhealthy_counts is False


# How long a verdict holds


class Unread(Entry, frozen=True):
    """An entry that must not be looked into."""

    def manifest(self) -> Manifest:
        raise AssertionError("looked at again")


def unread(entry: Entry) -> Entry:
    return Unread(entry.key, entry.uid, entry.version, entry.instance, b"")


def test_a_known_verdict_is_not_found_again() -> None:
    leftover = an_entry(tracked(an_object(name="old")))
    first = compared(TARGET, a_live({"a": "2"}), leftover)
    again = compared(TARGET, unread(a_live()), unread(leftover), known=first.verdicts())
    assert again.verdicts() == first.verdicts()


def test_another_target_or_version_needs_another_verdict() -> None:
    known = compared(TARGET, a_live()).verdicts()
    assert compared(prepared(an_object(data={"a": "2"})), a_live(), known=known).status == "OutOfSync"
    assert compared(TARGET, a_live({"a": "2"}, version="2"), known=known).status == "OutOfSync"
    assert compared(TARGET, known=known).status == "OutOfSync"
    assert compared(prepared(), a_live(), known=known).status == "OutOfSync"
    leftover = compared(prepared(), a_live()).verdicts()
    assert compared(TARGET, a_live(), known=leftover).status == "Synced"


def settled(comparison: Comparison, **changes: Any) -> dict[Any, Verdict]:
    item = one(comparison)
    return comparison.settled({item.key: replace(item.verdict, suspected=False, **changes)}).verdicts()


def test_the_answer_of_a_dry_run_holds_while_the_same_is_suspected() -> None:
    """A status update makes a new version: it must not cost a dry run each time."""
    dismissed = settled(compared(TARGET, a_live({"a": "2"})), differences=())
    later = compared(TARGET, a_live({"a": "2"}, version="2", status={"x": 1}), known=dismissed)
    assert (later.status, later.suspects(), one(later).verdict.live_version) == ("Synced", (), "2")
    exact = (Difference("data.a", "1", "2", "kubectl", "now"),)
    confirmed = settled(compared(TARGET, a_live({"a": "2"})), differences=exact)
    later = compared(TARGET, a_live({"a": "2"}, version="2"), known=confirmed)
    assert (later.status, later.suspects(), one(later).verdict.differences) == ("OutOfSync", (), exact)


def test_another_suspicion_is_asked_about() -> None:
    dismissed = settled(compared(TARGET, a_live({"a": "2"})), differences=())
    for data in ({"a": "3"}, {}):
        assert compared(
            TARGET, a_live(data, version="2") if data else an_entry(tracked(an_object()), version="2"), known=dismissed
        ).suspects()
    changed = prepared(an_object(data={"a": "9"}))
    assert compared(changed, a_live({"a": "2"}, version="2"), known=dismissed).suspects()


def test_a_suspicion_that_was_not_settled_is_asked_about_again() -> None:
    comparison = compared(TARGET, a_live({"a": "2"}))
    assert compared(TARGET, a_live({"a": "2"}, version="2"), known=comparison.verdicts()).suspects()
    refused = settled(comparison, note="admission webhook is away")
    assert compared(TARGET, a_live({"a": "2"}, version="2"), known=refused).suspects()


def test_objects_read_in_another_version_are_asked_about_each_time() -> None:
    """The comparison sees no more than that, so the same finding may hide another drift."""
    target = prepared(an_object("HorizontalPodAutoscaler", api_version="autoscaling/v1"))
    newer = tracked(an_object("HorizontalPodAutoscaler", api_version="autoscaling/v2"))
    dismissed = settled(compared(target, an_entry(newer)), differences=())
    assert compared(target, an_entry(newer, version="2"), known=dismissed).suspects()


def test_a_takeover_that_becomes_due_is_asked_about() -> None:
    dismissed = settled(compared(TARGET, a_live({"a": "2"})), differences=())
    manifest = tracked(an_object(data={"a": "2"}))
    manifest["metadata"]["managedFields"] = [
        {"manager": FIELD_MANAGER, "operation": "Update", "apiVersion": "v1", "fieldsV1": {"f:data": {"f:a": {}}}}
    ]
    later = compared(TARGET, an_entry(manifest, version="2"), known=dismissed)
    assert later.suspects()
    assert one(later).verdict.takeover


@pytest.mark.parametrize(
    "live",
    [
        {"metadata": {}},
        {"metadata": {"managedFields": [None, 5, {}]}, "data": "text"},
        {"metadata": {"annotations": []}, "data": [1, {"a": None}]},
        {"metadata": {"labels": None}, "spec": {"template": {"spec": {"containers": 5}}}},
        {"metadata": {}, "spec": {"template": []}},
        {"metadata": {}, "spec": {"template": {"spec": {"containers": {"a": 1}, "initContainers": "x"}}}},
    ],
)
def test_odd_objects_are_compared_without_a_crash(live: Manifest) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", **live}
    manifest["metadata"] = {**manifest["metadata"], "name": "one"}
    item = one(compared(TARGET, an_entry(manifest)))
    assert item.status == "OutOfSync"
    assert all(
        difference.target is not MISSING or difference.live is not MISSING for difference in item.verdict.differences
    )
