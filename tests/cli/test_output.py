"""Tables fit, and YAML reads back as what was written."""

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.cli.output import as_yaml, columns, fields, paint, presented, table
from trimtab.render.yaml import load

TITLES = ("NAME", "SYNC", "SOURCE")
ROWS = [("shop", "Synced", "s" * 40), ("a-much-longer-name-than-that", "OutOfSync", "short")]


def plain(text: str) -> list[str]:
    return click.unstyle(text).split("\n")


@pytest.mark.parametrize("width", [60, 70, 80])
def test_a_table_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = plain(table(TITLES, ROWS, shrink=("SOURCE", "NAME")))
    assert max(map(len, lines)) <= width
    assert [line.index(word) for line, word in zip(lines, ("SYNC", "Synced", "OutOfSync"), strict=True)] == [30] * 3


def test_columns_shrink_in_order_and_not_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    lines = plain(table(TITLES, ROWS, shrink=("SOURCE", "NAME")))
    assert lines[1] == "shop          Synced     sssssssssss…"
    assert lines[2] == "a-much-long…  OutOfSync  short"


def test_a_program_gets_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    assert columns() is None
    assert plain(table(TITLES, ROWS, shrink=("SOURCE", "NAME")))[1].endswith("s" * 40)


def test_fields_line_up_and_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    assert fields([("Name", "shop"), ("Empty", ""), ("Message", "one two three four five")]) == (
        "Name:     shop\nMessage:  one two three four\n          five"
    )


def test_colour_is_only_for_known_words() -> None:
    assert paint("Healthy") != "Healthy"
    assert paint("healthy") == "healthy"


def test_who_owns_which_field_is_left_out() -> None:
    manifest = {"kind": "A", "spec": {}, "apiVersion": "v1", "metadata": {"name": "a", "managedFields": [1]}}
    assert list(presented(manifest).items()) == [
        ("apiVersion", "v1"), ("kind", "A"), ("metadata", {"name": "a"}), ("spec", {}),
    ]  # fmt: skip


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029\ufeff"), max_size=12),
    st.sampled_from(["yes", "1e3", "0777", "08", "", "null", "~", "1:30", "2026-01-01", "=", "<<", ".inf", "1_000"]),
    st.sampled_from(["a\nb", "a\nb\n", "a \n", "\n", "\n\na", "  a\nb", "a\n\n", "#\n", "- a\n- b", "\ta\n"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("yn01eE:. \n", max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(values)
def test_yaml_reads_back(value: object) -> None:
    assert load(as_yaml({"value": value}), origin="-") == {"value": value}
