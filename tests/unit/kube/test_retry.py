"""The retry policy, decision by decision."""

import pytest

from trimtab.kube.retry import JSON_PATCH, is_idempotent
from trimtab.retry import Backoff, RetryPolicy, Trouble

POLICY = RetryPolicy(attempts=3, backoff=Backoff(first=1.0, most=8.0))


@pytest.mark.parametrize("trouble", [Trouble.NOT_SENT, Trouble.BUSY])
def test_what_the_server_has_not_begun_is_sent_again_whatever_it_is(trouble: Trouble) -> None:
    assert POLICY.wait(trouble, attempt=0, idempotent=False, left=60) is not None


@pytest.mark.parametrize("trouble", [Trouble.LOST, Trouble.BROKEN])
def test_what_the_server_may_have_done_is_sent_again_only_if_that_is_harmless(trouble: Trouble) -> None:
    assert POLICY.wait(trouble, attempt=0, idempotent=False, left=60) is None
    assert POLICY.wait(trouble, attempt=0, idempotent=True, left=60) is not None


def test_a_first_loss_is_mended_at_once() -> None:
    assert POLICY.wait(Trouble.LOST, attempt=0, idempotent=True, left=60) == 0
    assert POLICY.wait(Trouble.LOST, attempt=1, idempotent=True, left=60) != 0


def test_attempts_are_counted() -> None:
    assert POLICY.wait(Trouble.BROKEN, attempt=1, idempotent=True, left=60) is not None
    assert POLICY.wait(Trouble.BROKEN, attempt=2, idempotent=True, left=60) is None


def test_a_busy_server_that_names_a_time_is_asked_until_the_deadline() -> None:
    wait = POLICY.wait(Trouble.BUSY, attempt=40, idempotent=False, left=60, retry_after=2)
    assert wait is not None and wait > 2
    assert POLICY.wait(Trouble.BUSY, attempt=0, idempotent=False, left=2, retry_after=2) is None


def test_nothing_is_sent_after_the_deadline() -> None:
    assert POLICY.wait(Trouble.NOT_SENT, attempt=0, idempotent=True, left=0.1) is None


@pytest.mark.parametrize(
    "attempt, chance, seconds", [(0, 0.0, 1.0), (0, 1.0, 0.5), (2, 0.0, 4.0), (3, 0.0, 8.0), (900, 0.0, 8.0)]
)
def test_waits_double_up_to_a_limit_and_are_spread(attempt: int, chance: float, seconds: float) -> None:
    assert POLICY.backoff.seconds(attempt, chance=lambda: chance) == seconds


@pytest.mark.parametrize(
    "method, content_type, expected",
    [
        ("GET", "", True),
        ("PUT", "application/json", True),
        ("DELETE", "application/json", True),
        ("PATCH", "application/apply-patch+yaml", True),
        ("PATCH", "application/merge-patch+json", True),
        ("PATCH", JSON_PATCH, False),
        ("POST", "application/json", False),
    ],
)
def test_which_requests_may_be_sent_twice(method: str, content_type: str, expected: bool) -> None:
    assert is_idempotent(method, content_type) is expected
