"""Sync windows, minute by minute: who may sync, what blocks, and when that changes."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.access.builders import a_project
from trimtab.access.windows import look, state, window_problem, windows_for
from trimtab.model.application import Application, ApplicationSpec, Destination, Metadata
from trimtab.model.appproject import SyncWindow

NIGHTLY = SyncWindow(kind="deny", schedule="0 22 * * *", duration="1h", applications=("*",))
OFFICE = SyncWindow(kind="allow", schedule="0 9 * * 1-5", duration="8h", applications=("*",))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def an_app(called: str = "web", **destination: str) -> Application:
    place = Destination(**{"server": "https://k8s.example", "namespace": "shop", **destination})
    return Application(
        api_version="argoproj.io/v1alpha1",
        kind="Application",
        metadata=Metadata(name=called, namespace="argocd"),
        spec=ApplicationSpec(destination=place),
    )


def a_window(kind: str = "deny", schedule: str = "0 22 * * *", duration: str = "1h", **more: Any) -> SyncWindow:
    return SyncWindow(kind=kind, schedule=schedule, duration=duration, **more)


@pytest.mark.parametrize(
    ("when", "active", "until"),
    [
        ("2026-11-23T21:59:59.9", False, "2026-11-23T22:00"),
        ("2026-11-23T22:00", True, "2026-11-23T23:00"),
        ("2026-11-23T22:59:59.9", True, "2026-11-23T23:00"),
        ("2026-11-23T23:00", False, "2026-11-24T22:00"),
    ],
)
def test_a_window_begins_and_ends_to_the_second(when: str, *, active: bool, until: str) -> None:
    seen = look(NIGHTLY, at(when))
    assert (seen.active, seen.until) == (active, at(until))


@pytest.mark.parametrize(
    ("when", "active"),
    [
        ("2026-03-27T20:59", False),  # 21:59 in Berlin
        ("2026-03-27T21:30", True),
        ("2026-03-30T20:30", True),  # after the clocks went forward: 22:30
        ("2026-03-30T21:30", False),
    ],
)
def test_a_window_is_at_home_in_its_time_zone(when: str, *, active: bool) -> None:
    assert look(a_window(time_zone="Europe/Berlin"), at(when)).active is active


def test_a_window_over_a_change_of_the_clocks_lasts_as_long_as_it_says() -> None:
    across = a_window(schedule="30 1 * * *", duration="2h", time_zone="Europe/Berlin")
    spring, autumn = look(across, at("2026-03-29T00:45")), look(across, at("2026-10-24T23:45"))
    assert spring.until == at("2026-03-29T02:30")
    assert autumn.until == at("2026-10-25T01:30")


def test_an_hour_that_the_clocks_leave_out_does_not_lose_the_window() -> None:
    skipped = a_window(schedule="30 2 * * *", duration="1h", time_zone="Europe/Berlin")
    days = {at(f"2026-03-{day}T00:00") + dt.timedelta(minutes=m) for day in (28, 29, 30) for m in range(0, 1440, 10)}
    assert {moment.day for moment in days if look(skipped, moment).active} == {28, 29, 30}


@pytest.mark.parametrize("schedule", ["@daily", "@midnight", "0 0 ? * *", " 0  0 * * * ", "0 0 * * SUN-SAT"])
def test_other_ways_to_say_every_day_at_midnight(schedule: str) -> None:
    window = a_window(schedule=schedule)
    assert not window_problem(window)
    assert look(window, at("2026-11-23T12:00")).until == at("2026-11-24T00:00")


@pytest.mark.parametrize("schedule", ["@hourly", "@weekly", "@monthly", "@yearly", "@annually"])
def test_descriptors(schedule: str) -> None:
    assert not window_problem(a_window(schedule=schedule))


def test_without_windows_everything_is_open() -> None:
    open_ = state((), at("2026-11-23T22:00"))
    assert open_.may_sync(manually=False)
    assert open_.changes_at is None
    assert open_.reason() == ""


@pytest.mark.parametrize(
    ("windows", "when", "automatically", "manually"),
    [
        ((NIGHTLY,), "2026-11-23T12:00", True, True),
        ((NIGHTLY,), "2026-11-23T22:30", False, False),
        ((a_window(manual_sync=True),), "2026-11-23T22:30", False, True),
        ((a_window(manual_sync=True), NIGHTLY), "2026-11-23T22:30", False, False),
        ((OFFICE,), "2026-11-23T12:00", True, True),
        ((OFFICE,), "2026-11-22T12:00", False, False),
        ((a_window("allow", "0 9 * * 1-5", "8h", manual_sync=True),), "2026-11-22T12:00", False, True),
        ((a_window("allow", "0 9 * * 1-5", "8h", manual_sync=True), OFFICE), "2026-11-22T12:00", False, False),
        ((OFFICE, a_window("allow", "0 12 * * *", "1h")), "2026-11-22T12:30", True, True),
        ((OFFICE, a_window("deny", "0 12 * * *", "1h")), "2026-11-23T12:30", False, False),
        ((OFFICE, a_window("deny", "0 12 * * *", "1h", manual_sync=True)), "2026-11-22T12:30", False, True),
    ],
)
def test_who_may_sync(windows: tuple[SyncWindow, ...], when: str, *, automatically: bool, manually: bool) -> None:
    now = state(windows, at(when))
    assert (now.may_sync(manually=False), now.may_sync(manually=True)) == (automatically, manually)
    assert bool(now.reason()) is not automatically


@pytest.mark.parametrize(
    ("windows", "goes_on"),
    [
        ((a_window(sync_overrun=True),), True),
        ((a_window(sync_overrun=True), NIGHTLY), False),
        ((a_window(manual_sync=True),), False),
        ((a_window("allow", "0 9 * * *", "8h", sync_overrun=True),), True),
        ((a_window("allow", "0 9 * * *", "8h"),), False),
    ],
)
def test_a_sync_that_has_begun_may_overrun(windows: tuple[SyncWindow, ...], *, goes_on: bool) -> None:
    now = state(windows, at("2026-11-23T22:30"))
    assert not now.may_sync(manually=False)
    assert now.may_go_on(manually=False) is goes_on
    assert now.may_go_on(manually=True) is (goes_on or windows[0].manual_sync)


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"schedule": "0 22 * *"}, "schedule '0 22 * *' of a sync window is no cron line"),
        ({"schedule": "61 * * * *"}, "is no cron line"),
        ({"schedule": ""}, "is no cron line"),
        ({"schedule": "@every 1h"}, "is no cron line"),
        ({"duration": "an hour"}, "'an hour' is not a duration"),
        ({"duration": ""}, "is not a duration"),
        ({"time_zone": "Mars/Olympus"}, "time zone 'Mars/Olympus' of a sync window is not known"),
        ({"time_zone": "../etc/passwd"}, "is not known"),
        ({"time_zone": "Europe"}, "is not known"),
        ({"kind": "Deny"}, "kind 'Deny' of sync window '0 22 * * *' is neither allow nor deny"),
    ],
)
def test_a_window_that_cannot_be_read_blocks_everything(given_: dict[str, Any], says: str) -> None:
    window = a_window(**{"manual_sync": True, "sync_overrun": True, **given_})
    now = state((window, OFFICE), at("2026-11-23T12:00"))
    assert says in window_problem(window)
    assert says in now.reason()
    assert not now.may_sync(manually=True)
    assert not now.may_go_on(manually=True)


def test_why_a_sync_waits() -> None:
    deny, closed = state((NIGHTLY,), at("2026-11-23T22:30")), state((OFFICE, OFFICE), at("2026-11-22T12:00"))
    assert deny.reason() == 'blocked by deny window "0 22 * * *" for 1h (UTC), until 2026-11-23T23:00:00Z'
    assert closed.reason() == (
        'blocked by allow window "0 9 * * 1-5" for 8h (UTC), opens at 2026-11-23T09:00:00Z (and 1 more)'
    )


def test_windows_longer_than_their_period_never_close() -> None:
    always = a_window("allow", "0 * * * *", "90m")
    hour = at("2026-11-23T12:00")
    assert all(look(always, hour + dt.timedelta(minutes=minute)).active for minute in range(120))
    assert look(a_window("allow", "0 0 1 1 *", "999999999999h"), hour).active
    assert not look(a_window("allow", "0 * * * *", "0s"), hour).active


@pytest.mark.parametrize(
    ("window", "app", "concerned"),
    [
        (a_window(), an_app(), False),
        (a_window(applications=("web-*", "web")), an_app(), True),
        (a_window(applications=("w?b",)), an_app("wb"), False),
        (a_window(namespaces=("sh*",)), an_app(), True),
        (a_window(clusters=("https://*.example",)), an_app(), True),
        (a_window(clusters=("prod",)), an_app(server="", name="prod"), True),
        (a_window(clusters=("in-cluster",)), an_app(server="https://kubernetes.default.svc"), True),
        (a_window(clusters=("https://kubernetes.default.svc",)), an_app(server="", name="in-cluster"), True),
        (a_window(applications=("web",), namespaces=("other",)), an_app(), True),
        (a_window(applications=("web",), namespaces=("other",), and_operator=True), an_app(), False),
        (a_window(applications=("web",), namespaces=("shop",), and_operator=True), an_app(), True),
        (a_window(and_operator=True), an_app(), False),
        (a_window(applications=("[",)), an_app(), True),
    ],
)
def test_whom_a_window_concerns(window: SyncWindow, app: Application, *, concerned: bool) -> None:
    assert bool(windows_for(app, a_project(sync_windows=(window,)))) is concerned


MINUTES = st.integers(0, 60 * 24 * 400).map(lambda minutes: at("2026-01-01T00:00") + dt.timedelta(minutes=minutes))
ZONES = st.sampled_from(["", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
FIELDS = st.tuples(
    st.sampled_from(["0", "30", "*/20"]), st.sampled_from(["*", "2", "22", "*/6"]), st.sampled_from("*1")
)


@given(MINUTES, ZONES, FIELDS, st.integers(1, 40), st.sampled_from(["allow", "deny"]))
def test_nothing_changes_before_it_is_said_to(
    now: dt.datetime, zone: str, fields: tuple[str, str, str], hours: int, kind: str
) -> None:
    minute, hour, weekday = fields
    window = a_window(kind, f"{minute} {hour} * * {weekday}", f"{hours}h", time_zone=zone)
    before = state((window,), now)
    assert before.changes_at is not None and before.changes_at > now
    for part in (0.3, 0.7, 0.999):
        between = state((window,), now + (before.changes_at - now) * part)
        assert between.may_sync(manually=False) is before.may_sync(manually=False)
    after = state((window,), before.changes_at)
    flipped = after.may_sync(manually=False) is not before.may_sync(manually=False)
    assert flipped or after.changes_at != before.changes_at
