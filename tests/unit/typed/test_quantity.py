"""Quantities in their canonical form; tests/cases/sandbox/create.yaml holds the same to the real API server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.typed.quantity import NOT_A_QUANTITY, NOT_A_SUFFIX, canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.1Ki", "102400m"),
        ("1500M", "1500M"),
        ("100k", "100k"),
        ("1e3", "1e3"),
        ("12e-1", "1200e-3"),
        ("0", "0"),
        ("0Gi", "0"),
        ("-1", "-1"),
        ("5n", "5n"),
        ("0.00000000001", "1n"),
        ("1000000E", "1000000E"),
    ],
)
def test_the_canonical_form(text: str, expected: str) -> None:
    assert canonical(text) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lots", NOT_A_QUANTITY),
        ("", NOT_A_QUANTITY),
        ("1.2.3", NOT_A_QUANTITY),
        (".", NOT_A_QUANTITY),
        ("1KiB", NOT_A_QUANTITY),
        ("1K", NOT_A_SUFFIX),
        ("1e", NOT_A_SUFFIX),
        ("1e9999", NOT_A_SUFFIX),
    ],
)
def test_what_is_no_quantity(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why[:20]):
        canonical(text)


@given(st.text(alphabet="0123456789.+-eEinumkKMGTP", max_size=12))
def test_no_text_does_anything_else(text: str) -> None:
    try:
        once = canonical(text)
    except ValueError:
        return
    assert canonical(once) == once
