"""How often a login may fail. Time is a number here."""

from trimtab.server.auth.limits import ADDRESS_FAILURES, ADDRESSES, FAILURES, AddressLimit, Lockout


def test_five_failures_lock_for_five_minutes() -> None:
    lockout = Lockout()
    assert all(lockout.begin("ada", now) for now in range(FAILURES))
    assert not lockout.begin("ada", 5.0)
    assert not lockout.begin("ada", 303.9), "an attempt while it is locked neither shortens nor prolongs"
    assert lockout.begin("ada", 304.0)


def test_others_are_not_locked() -> None:
    lockout = Lockout()
    assert [lockout.begin("ada", 0.0) for _ in range(6)] == [True] * 5 + [False]
    assert lockout.begin("eve", 0.0)


def test_success_forgives() -> None:
    lockout = Lockout()
    for _ in range(20):
        assert all(lockout.begin("ada", 0.0) for _ in range(4))
        lockout.succeeded("ada")


def test_failures_far_apart_do_not_add_up() -> None:
    lockout = Lockout()
    assert all(lockout.begin("ada", 300.0 * n) for n in range(20))


def test_an_address_may_fail_fifty_times_and_then_every_six_seconds() -> None:
    limit = AddressLimit()
    for _ in range(ADDRESS_FAILURES):
        assert limit.wait("10.0.0.1", 0.0) == 0
        limit.failed("10.0.0.1", 0.0)
    assert limit.wait("10.0.0.1", 0.0) == 6.0
    assert limit.wait("10.0.0.2", 0.0) == 0
    assert limit.wait("10.0.0.1", 6.0) == 0
    limit.failed("10.0.0.1", 6.0)
    assert limit.wait("10.0.0.1", 6.0) == 6.0
    assert limit.wait("10.0.0.1", 306.0) == 0


def test_one_network_of_ipv6_counts_as_one_address() -> None:
    limit = AddressLimit()
    for n in range(ADDRESS_FAILURES):
        limit.failed(f"2001:db8:1:2::{n:x}", 0.0)
    assert limit.wait("2001:db8:1:2:ffff::1", 0.0) > 0
    assert limit.wait("2001:db8:1:3::1", 0.0) == 0
    assert len(limit) == 1


def test_ipv4_is_the_same_in_either_spelling() -> None:
    limit = AddressLimit()
    limit.failed("10.0.0.1", 0.0)
    limit.failed("::ffff:10.0.0.1", 0.0)
    assert len(limit) == 1


def test_what_is_no_address_is_no_trouble() -> None:
    limit = AddressLimit()
    for address in ("", "testclient", "x" * 10_000, "fe80::1%eth0", "1.2.3"):
        limit.failed(address, 0.0)
        assert limit.wait(address, 0.0) == 0


def test_a_host_of_addresses_takes_no_more_memory() -> None:
    limit = AddressLimit()
    for n in range(ADDRESSES + 5000):
        limit.failed(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 0.0)
    assert len(limit) == ADDRESSES
