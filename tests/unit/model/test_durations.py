"""Go's notation, and the bare seconds that Argo CD takes too."""

import pytest

from trimtab.model.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("5", 5),
        ("1.5", 1.5),
        ("5s", 5),
        ("3m", 180),
        ("1h30m", 5400),
        ("1h30m10.5s", 5410.5),
        (".5h", 1800),
        ("2.m", 120),
        ("100ms", 0.1),
        ("250us", 0.00025),
        ("250µs", 0.00025),
        ("10ns", 1e-8),
        ("-2m", -120),
        ("+2m", 120),
        (" 5s ", 5),
    ],
)
def test_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", " ", "s", "5 s", "1d", "1h-30m", "five", ".", "5s5", "1e3", "٣s", "inf", "nan"])
def test_what_is_no_duration_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: write"):
        parse_duration(text)
