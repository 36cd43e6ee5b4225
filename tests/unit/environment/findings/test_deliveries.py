"""Webhook deliveries."""

import pytest

from trimtab.environment.findings.deliveries import Delivery, judge_deliveries, judge_hook

URL = "https://argocd.acme.example/api/webhook"


def delivered(*codes: int, again: bool = False) -> list[Delivery]:
    """The newest first; `again`: one event, all the time."""
    return [
        Delivery(
            at=f"2026-06-{30 - n:02}T00:00:00Z",
            guid="" if again else str(n),
            event="push",
            code=code,
            status="" if code else "timed out",
        )
        for n, code in enumerate(codes)
    ]


@pytest.mark.parametrize(
    ("codes", "level", "words"),
    [
        ((200, 202, 200), "ok", "the last 3 deliveries arrived"),
        ((), "warning", "has not delivered anything"),
        ((200, 401, 200), "warning", "1 of the last 3 deliveries failed (401)"),
        ((401, 401, 200), "error", "2 of the last 3 deliveries failed (401), the newest of them 2026-06-30"),
        ((0, 502, 200), "error", "failed (502, timed out)"),
        ((200, 200, 200, 200, 401), "warning", "1 of the last 5"),
        ((200, 200, 200, 200, 200, 401), "ok", "the last 5 deliveries arrived"),
    ],
)
def test_codes(codes: tuple[int, ...], level: str, words: str) -> None:
    found = judge_deliveries("hook", delivered(*codes))
    assert (found.level, words in found.message) == (level, True), found.message
    assert bool(found.fix) is (level != "ok")


def test_what_was_delivered_again_counts_as_that_ended() -> None:
    assert judge_deliveries("hook", delivered(200, 401, again=True)).level == "ok"
    assert judge_deliveries("hook", delivered(401, 200, again=True)).level == "error"


def test_what_to_do_is_by_code() -> None:
    fixes = {code: judge_deliveries("hook", delivered(code)).fix for code in (401, 403, 404, 0, 500)}
    assert "rotate webhook-secret" in fixes[401]
    assert len(set(fixes.values())) == 5


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        ({"url": "https://old.example/api/webhook"}, "delivers to https://old.example/api/webhook"),
        ({"active": False}, "is switched off"),
        ({"events": ("issues",)}, "does not tell of pushes"),
    ],
)
def test_the_hook_itself(hook: dict[str, object], words: str) -> None:
    good: dict[str, object] = {"active": True, "events": ("push", "ping"), "expected": URL, "url": URL}
    assert judge_hook("hook", **good) is None  # type: ignore[arg-type]
    found = judge_hook("hook", **{**good, **hook})  # type: ignore[arg-type]
    assert found is not None
    assert (found.level, words in found.message, bool(found.fix)) == ("error", True, True)
