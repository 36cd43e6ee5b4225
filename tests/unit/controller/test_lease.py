"""Who may act: what a candidate decides about the Lease as it was seen, with clocks that disagree."""

import datetime as dt

from msgspec.structs import replace

from trimtab.controller.lease import Hold, Record, Seen, Terms, Wait, freed, micro_time, next_step, seen, terms_for

WALL = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
TERMS = Terms()
ANA = Record(
    holder_identity="ana",
    lease_duration_seconds=15,
    acquire_time="2026-11-23T11:00:00.000000Z",
    renew_time="2026-11-23T11:59:59.000000Z",
    lease_transitions=3,
)


def step(known: Seen | None, identity: str = "bob", *, at: float = 0.0, terms: Terms = TERMS) -> Hold | Wait:
    return next_step(known, identity=identity, terms=terms, monotonic=at, wall=WALL)


def test_where_there_is_none_it_is_made() -> None:
    now = micro_time(WALL)
    wanted = Record(holder_identity="bob", lease_duration_seconds=15, acquire_time=now, renew_time=now)
    assert step(None) == Hold(wanted)


def test_that_of_another_is_left_alone_until_its_duration_has_passed_by_our_clock() -> None:
    known = Seen(ANA, "7", since=100.0)
    assert step(known, at=100.0) == Wait(15.0)
    assert step(known, at=114.0) == Wait(1.0)
    assert isinstance(step(known, at=115.0), Hold)


def test_timestamps_of_another_clock_are_not_believed() -> None:
    for renewed in ("1970-01-01T00:00:00.000000Z", "2099-01-01T00:00:00.000000Z", "rubbish"):
        known = Seen(replace(ANA, renew_time=renewed), "7", since=100.0)
        assert step(known, at=101.0) == Wait(14.0)
        assert isinstance(step(known, at=116.0), Hold)


def test_the_duration_is_the_holder_s() -> None:
    assert step(Seen(replace(ANA, lease_duration_seconds=60), "7", since=0.0), at=20.0) == Wait(40.0)
    assert step(Seen(replace(ANA, lease_duration_seconds=0), "7", since=0.0), at=5.0) == Wait(10.0)


def test_taking_it_counts_as_a_transition() -> None:
    taken = step(Seen(ANA, "7", since=0.0), at=15.0)
    assert isinstance(taken, Hold)
    assert (taken.record.holder_identity, taken.record.lease_transitions) == ("bob", 4)
    assert taken.record.acquire_time == taken.record.renew_time == micro_time(WALL)


def test_one_s_own_is_renewed() -> None:
    renewed = step(Seen(ANA, "7", since=0.0), "ana", at=14.0)
    assert renewed == Hold(replace(ANA, renew_time=micro_time(WALL)))


def test_one_that_was_given_up_is_taken_at_once() -> None:
    given_up = freed(ANA, wall=WALL)
    assert given_up.holder_identity == ""
    assert given_up.lease_duration_seconds > 0
    assert isinstance(step(Seen(given_up, "8", since=100.0), at=100.0), Hold)


def test_one_that_was_removed_counts_until_its_holder_must_have_noticed() -> None:
    assert step(Seen(ANA, "", since=100.0), at=101.0) == Wait(14.0)


def test_a_change_makes_it_young_again_and_nothing_else_does() -> None:
    first = seen(None, ANA, version="7", now=100.0)
    assert first.since == 100.0
    labelled = seen(first, ANA, version="8", now=107.0)
    assert (labelled.since, labelled.version) == (100.0, "8")
    renewed = seen(labelled, replace(ANA, renew_time="2026-11-23T12:00:01.000000Z"), version="9", now=108.0)
    assert renewed.since == 108.0


def test_a_holder_stops_before_others_start_whatever_the_duration() -> None:
    for duration in (0.75, 15.0, 60.0):
        terms = terms_for(duration)
        taken = step(None, terms=terms)
        assert isinstance(taken, Hold)
        assert terms.retry * 2 < terms.deadline < terms.duration <= taken.record.lease_duration_seconds
    assert terms_for(15.0) == Terms()


def test_times_have_the_microseconds_that_kubernetes_insists_on() -> None:
    paris = dt.timezone(dt.timedelta(hours=1))
    assert micro_time(dt.datetime(2026, 11, 23, 13, 0, tzinfo=paris)) == "2026-11-23T12:00:00.000000Z"
