"""When a repository is polled."""

from trimtab.source.poll import poll_delay

URLS = [f"https://git.example.org/{number}" for number in range(1000)]


def test_the_delay_is_argo_cds_interval_and_spread_over_its_jitter() -> None:
    delays = [poll_delay(url, 0) or 0.0 for url in URLS]
    assert all(120 <= delay < 180 for delay in delays)
    tenths = [sum(int((delay - 120) // 6) == tenth for delay in delays) for tenth in range(10)]
    assert min(tenths) > 60


def test_the_delay_is_the_same_after_a_restart_and_another_at_the_next_turn() -> None:
    assert poll_delay("a", 1) == poll_delay("a", 1)
    assert len({poll_delay("a", turn) for turn in range(100)}) == 100


def test_an_interval_of_zero_is_off_and_no_jitter_is_exact() -> None:
    assert poll_delay("a", 0, interval=0) is None
    assert poll_delay("a", 0, interval=30, jitter=0) == 30.0
