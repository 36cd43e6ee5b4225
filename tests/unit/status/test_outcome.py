"""The status after one look: what was found, or since when and why nothing could be."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.builders import an_entry, an_object, compared, prepared, tracked
from trimtab.compare.prepare import Prepared
from trimtab.model.application import (
    AppHealth,
    Application,
    ApplicationSource,
    ApplicationSpec,
    ApplicationStatus,
    Condition,
    Destination,
    HistoryEntry,
    Metadata,
    SyncStatus,
)
from trimtab.status.outcome import Found, status_found, status_unknown
from trimtab.status.patch import status_patch

SOURCE = ApplicationSource(repo_url="https://git.example/shop")
DESTINATION = Destination(server="https://kubernetes.default.svc", namespace="place")
THEN, NOW, LATER = (f"2026-01-0{day}T00:00:00Z" for day in (1, 2, 3))
GOOD = "a" * 40


def an_app(status: ApplicationStatus | None = None, **spec: Any) -> Application:
    return Application(
        api_version="argoproj.io/v1alpha1",
        kind="Application",
        metadata=Metadata(name="shop", namespace="control"),
        spec=ApplicationSpec(**{"source": SOURCE, "destination": DESTINATION, **spec}),
        status=status or ApplicationStatus(),
    )


def a_find(targets: Prepared, *live: Any, **given: Any) -> Found:
    fields = {"sources": (SOURCE,), "revisions": (GOOD,), "source_types": ("Directory",), "instance": "shop"}
    return Found(**{**fields, "prepared": targets, "comparison": compared(targets, *live), **given})


def in_sync() -> Found:
    one = an_object(data={"a": "1"})
    return a_find(prepared(one), an_entry(tracked(one)))


def test_what_was_found_is_said() -> None:
    status = status_found(an_app(), in_sync(), now=NOW)
    assert status.sync is not None
    assert (status.sync.status, status.sync.revision, status.sync.revisions) == ("Synced", GOOD, ())
    assert status.sync.compared_to is not None
    assert (status.sync.compared_to.source, status.sync.compared_to.destination) == (SOURCE, DESTINATION)
    assert status.health == AppHealth(status="Healthy", last_transition_time=NOW)
    assert (status.source_type, status.controller_namespace, status.conditions) == ("Directory", "control", ())


def test_the_same_again_changes_nothing() -> None:
    first = status_found(an_app(), in_sync(), now=NOW)
    assert status_patch(first, status_found(an_app(first), in_sync(), now=LATER)) is None


def test_several_sources_have_their_lists() -> None:
    app = an_app(sources=(SOURCE, SOURCE))
    found = replace(in_sync(), revisions=("r1", "r2"), source_types=("Helm", "Directory"))
    status = status_found(app, found, now=NOW)
    assert status.sync is not None
    assert (status.sync.revision, status.sync.revisions) == ("", ("r1", "r2"))
    assert (status.source_type, status.source_types) == ("", ("Helm", "Directory"))


def test_targets_that_cannot_be_decided_are_unknown() -> None:
    nameless = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}}
    status = status_found(an_app(), a_find(prepared(nameless)), now=NOW)
    assert status.sync is not None
    assert status.sync.status == "Unknown"
    (condition,) = status.conditions
    assert (condition.type, condition.last_transition_time) == ("ComparisonError", NOW)
    assert condition.message.startswith("deploy.yaml document 1: ConfigMap x-")


def test_warnings_and_refusals_are_conditions() -> None:
    twice = prepared(an_object(), an_object())
    foreign = an_entry(tracked(an_object(), instance="bank"))
    status = status_found(an_app(), a_find(twice, foreign, refusal="would wipe"), now=NOW)
    assert [c.type for c in status.conditions] == ["RepeatedResourceWarning", "SharedResourceWarning", "SyncError"]
    calm = status_found(an_app(status), in_sync(), now=LATER)
    assert calm.conditions == ()


def failed(
    status: ApplicationStatus, message: str = "cannot fetch", *, now: str = NOW, reason: str = "Unreachable"
) -> ApplicationStatus:
    return status_unknown(an_app(status), reason=reason, message=message, now=now)


def test_a_failed_look_is_red_and_names_the_last_good_revision() -> None:
    before = status_found(an_app(), in_sync(), now=THEN)
    status = failed(before)
    assert status.sync is not None
    assert (status.sync.status, status.sync.revision) == ("Unknown", GOOD)
    (condition,) = status.conditions
    assert condition.type == "ComparisonError"
    assert condition.message == f"Failed to load target state: cannot fetch (since {NOW}; last good revision {GOOD})"
    assert (status.resources, status.health, status.summary) == (before.resources, before.health, before.summary)


def test_a_failure_that_lasts_is_not_written_again() -> None:
    first = failed(status_found(an_app(), in_sync(), now=THEN))
    assert status_patch(first, failed(first, now=LATER)) is None


def test_another_failure_has_another_time_and_the_same_good_revision() -> None:
    first = failed(status_found(an_app(), in_sync(), now=THEN))
    (condition,) = failed(first, "no such path (since when?); really", now=LATER).conditions
    assert condition.message.endswith(f"(since {LATER}; last good revision {GOOD})")
    assert condition.last_transition_time == LATER


def test_the_first_look_may_fail() -> None:
    status = failed(ApplicationStatus())
    (condition,) = status.conditions
    assert condition.message == f"Failed to load target state: cannot fetch (since {NOW})"
    assert status.health == AppHealth(status="Unknown", last_transition_time=NOW)
    assert status_patch(status, failed(status, now=LATER)) is None


def test_without_a_status_the_history_knows_the_last_good_revision() -> None:
    history = (HistoryEntry(id=0, deployed_at=THEN, revision="d" * 40),)
    (condition,) = failed(ApplicationStatus(history=history)).conditions
    assert condition.message.endswith(f"; last good revision {'d' * 40})")


def test_an_invalid_spec_is_a_condition_of_its_own() -> None:
    (condition,) = failed(ApplicationStatus(), "destination is not known", reason="InvalidSpecError").conditions
    assert (condition.type, condition.message) == ("InvalidSpecError", f"destination is not known (since {NOW})")


def test_recovery_takes_the_failure_away() -> None:
    red = failed(status_found(an_app(), in_sync(), now=THEN))
    status = status_found(an_app(red), in_sync(), now=LATER)
    assert status.sync is not None
    assert (status.sync.status, status.conditions) == ("Synced", ())


@pytest.mark.parametrize("message", ["ends with )", "x (since y", "a; last good revision b", ""])
def test_odd_messages_are_stable(message: str) -> None:
    known = ApplicationStatus(
        sync=SyncStatus(status="Synced", revision=GOOD), conditions=(Condition(type="DeletionError", message="kept"),)
    )
    first = failed(known, message)
    again = failed(first, message, now=LATER)
    assert status_patch(first, again) is None
    assert [c.type for c in again.conditions] == ["ComparisonError", "DeletionError"]
