"""`render.yaml` against kubectl: equal values from equal text, and no string that changes on the way out and in."""

import string
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.render import kubectl
from trimtab.render import yaml
from trimtab.render.yaml import YamlError

BATCH = 400
"""Values that one call of kubectl judges."""
FEW = hypothesis.settings(
    max_examples=3,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    derandomize=True,
    phases=[hypothesis.Phase.generate],
)

WORDS = """
y Y yes Yes YES n N no No NO on On ON off Off OFF true True TRUE false False FALSE yEs oN tRUE
~ null Null NULL nULL none None
0 -0 +0 00 1 +1 -1 0777 0o777 0O17 08 09 0o8 -017 +08
0x1F 0X1f -0x1 +0x10 0xg 0x 0b11 0B1 -0b11 0b-0 0b+1 0b2
1_000 1__0 _1 1_ 0_7 0x_1f 1_000.5 .1_0 .1__0 .1_ .1e1_0 +_1 1,000
1e3 1E3 1e+3 1e-3 1.5e3 1e 1e400 -1e400 1e-400 .5 +.5 -.5 5. . .. .e5 0. 1.0 -0.0 1.10 3.14 1e20 1e21 1.e1
9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615
18446744073709551616 +9223372036854775808 0xffffffffffffffff 0x1ffffffffffffffff 123456789012345678901234567890
-09223372036854775808 9007199254740993.0 9223372036854774784.0 1e18 123456789123456789.0
1:30 12:30:45 190:20:30 1.2.3.4 1.2.3 v1 1d 2001-01-01 2001-01-01T00:00:00Z 2001-1-1 01-01-2001
1234e5 5e10 deadbeef 123e 0e0 12e03 <<x = == .inf1 inf nan NaN infinity +inf -nan a:b a#b http://x/y?z=1
"""
SCALARS = (*WORDS.split(), "2001-01-01 00:00:00 +1", "two words", "1 2", "-1 -")
TAGGED = (
    "!!str 1",
    "!!str yes",
    "!!int '3'",
    "!!int 0x10",
    "!!float 3",
    "!!float '1e3'",
    "!!bool 'yes'",
    "!!null ''",
    "!!null ~",
    "!!binary aGVsbG8=",
    "!!binary |\n  aGVs\n  bG8=",
    "!!timestamp 2001-01-01",
    "!custom 3",
    "!custom yes",
    "! 3",
    "! '3'",
    "!!set {a, b}",
    "!!map {a: 1}",
    "!<tag:yaml.org,2002:int> 3",
    "&x 5",
    "''",
    '""',
    "'yes'",
    '"08"',
    '"\\x41\\u00e9\\U0001F600\\n\\t\\0"',
)
# Where two keys of different types become one ("1e39" and ".inf" are both ".inf"), kubectl's choice is random.
STRUCTURES = (
    "a: 1\na: 2",
    "a: {b: 1}\na: {c: 2}",
    "1: a\n1.5: b\ntrue: c\nno: d\n0x10: e\n1e6: f\n100000.0: g\n0.00001: h\n.inf: i\n2001-01-01: k",
    "-0.0: a\n1e39: j\n12345678.5: b\n1.23456789: c\n18446744073709551616: d\n1e20: e\n'1': f",
    "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 9}",
    "a: &x {b: 1, c: 2}\nd: {b: 9, <<: *x}",
    "a: &x {b: 1}\nz: &y {b: 2, c: 3}\nd: {<<: [*x, *y, {q: 1}], e: 1}",
    "a: &x {b: 1}\nd: {'<<': *x}\ne: {<<: {<<: *x, f: 2}}\nf: {!!merge <<: *x}",
    "a: &x [1, {b: 2}]\nc: *x\nd: [*x, *x]",
    "a: &x 1\nb: &x 2\nc: *x",
    "&k key: &v value\nother: *v\n*k : again",
    "a: |\n  one\n  two\n\nb: |-\n  x\n\nc: |+\n  x\n\n",
    "d: >\n  folded\n  text\n\n  more\n   indented\n  end\ne: |2\n    lead",
    "a: plain\n  over lines\n\n  with blank\nb: 'single\n  quoted'\nc: \"double\n  quoted \\\n  joined\"",
    "a: # comment\n  b # c\nd: 'x' # y\n# whole line\ne: x#y",
    "? complex\n: value\n? b\n: - 1\n  - 2",
    "- - 1\n  - 2\n- a: b\n  c: d\n-\n  - 3",
    "a:\n- 1\n- 2\nb:\n  - 3",
    "{a: 1, b: [1, 2, ], c: {d, e: f}, g: [h: i, j]}",
    '{"a":1,\'b\':2,"c": [1,2]}',
    "a:\tb\nc: \t d",
    "é: ü\n日本: 語\n😀: x",
    "a: ''\nb:\nc: ~\nd: []\ne: {}",
    "a: 'it''s'\nb: \"q\\\"q\"\nc: back\\slash",
)
REFUSED = (
    "null: 1",
    "~: 1",
    "{a: b}: c",
    "[a]: c",
    "18446744073709551615: a",
    "a: .nan",
    "a: .inf",
    "a: -.INF",
    "a: *nothing",
    "a: &x [*x]",
    "a: {<<: 3}",
    "a: {<<: ~}",
    "a: {<<: [1]}",
    "a: !!int x",
    "a: !!int 1.5",
    "a: !!float x",
    "a: !!bool 3",
    "a: !!null x",
    "a: !!binary '!'",
    "a: !!timestamp x",
    "a: [",
    "a: {b",
    "a: 'open",
    "a: b: c",
    "a: @x",
    "a: `x",
    "a: %x",
    "a: - b",
    "a: x\nb",
    "a: \x07",
    "\ta: b",
    'a: "\\q"',
)


def read(text: str) -> Any:
    return yaml.load(text, origin="test.yaml")


def judged(documents: list[str]) -> list[tuple[Any, Any]]:
    """(ours, kubectl's) for each piece of YAML below a key."""
    ours = [read("body:\n" + "".join(f"  {line}\n" for line in text.split("\n")))["body"] for text in documents]
    return list(zip(ours, kubectl.bodies(documents), strict=True))


def same(one: Any, other: Any) -> bool:
    """Equal, and of equal types all the way down: 1 is not True."""
    if type(one) is not type(other):
        return isinstance(one, float) and isinstance(other, int) and one == other
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def assert_same(documents: list[str]) -> None:
    for text, (ours, theirs) in zip(documents, judged(documents), strict=True):
        assert same(ours, theirs), f"{text!r}: kubectl reads {theirs!r}, we {ours!r}"


def test_scalars_are_what_kubectl_reads() -> None:
    assert_same([f"value: {scalar}" for scalar in SCALARS])


def test_scalar_keys_are_what_kubectl_reads() -> None:
    usable = [scalar for scalar in SCALARS if _is_key(scalar)]
    assert len(usable) > len(SCALARS) - 12
    assert_same([f"{scalar}: value" for scalar in usable])


def test_tagged_and_quoted_scalars_are_what_kubectl_reads() -> None:
    assert_same([f"value: {scalar}" for scalar in TAGGED])


def test_structures_are_what_kubectl_reads() -> None:
    assert_same(list(STRUCTURES))


@pytest.mark.parametrize("text", REFUSED)
def test_what_kubectl_refuses_is_refused(text: str) -> None:
    with pytest.raises(YamlError, match=r"^test\.yaml"):
        read(text)
    with pytest.raises(kubectl.Refused):
        kubectl.bodies([text])


@FEW
@hypothesis.given(
    st.lists(
        st.text("0123456789_+-.eExXoObB:~yYnN aAfFtTrRuUsSlL", min_size=1, max_size=7), min_size=BATCH, max_size=BATCH
    )
)
def test_generated_scalars(texts: list[str]) -> None:
    assert_same([f"value: {text}" for text in texts if _is_plain(text)])


NUMBERS = st.one_of(
    st.integers(-(2**66), 2**66).map(str),
    st.integers(0, 2**66).map(hex),
    st.integers(0, 2**66).map(oct),
    st.integers(0, 2**66).map(lambda number: f"0{number:o}"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e22, 1e22).map(lambda number: f"{number:.0f}."),
    st.floats(-1e10, 1e10, width=32).map(lambda number: f"{number:g}"),
)


@FEW
@hypothesis.given(st.lists(NUMBERS, min_size=BATCH, max_size=BATCH))
def test_generated_numbers(texts: list[str]) -> None:
    assert_same([f"value: {text}" for text in texts])


@FEW
@hypothesis.given(st.lists(NUMBERS, min_size=BATCH, max_size=BATCH))
def test_generated_number_keys(texts: list[str]) -> None:
    assert_same([f"{text}: value" for text in texts if _is_key(text)])


FRAGMENTS = (
    *("a: b", "a: 1", "b:", "  c: d", "- x", "  - y", "- - z", "c: [1, {d: e}]", "d: {e: f, g}", "# comment", "", "  "),
    *(
        "e: &a {x: 1, y: [1, 2]}",
        "f: *a",
        "<<: *a",
        "<<: [*a, {q: 1}]",
        "g: &b 5",
        "h: *b",
        "*b : i",
        "g: &b",
        "'<<': *a",
    ),
    *("h: |", "h: |-", "h: |+", "h: >", "h: >-", "h: |2", "  one", "   two", "    three", "  # no comment", "\t"),
    *(
        "i: !!str 1",
        "i: !!int '2'",
        "i: !custom {x: 1}",
        "i: ! 3",
        "? k",
        ": v",
        "'j' : k",
        '"l": m',
        "1: 2",
        "yes: no",
    ),
    *("m: 'q", "  r'", 'n: "s', '  t"', "o: p # q", "r: s#t", "u: - v", "w:\tx", "y:  ", "key with spaces: v", "é: ü"),
    *("z: [a,", "  b]", "z: {a: 1,", "  b: 2}", '{"a":1}', "x: y: z", "a:b", "-x", "? [q]", "~: x", ".5: x", "1e6: x"),
)


@FEW
@hypothesis.given(
    st.lists(
        st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4).map("\n".join), min_size=BATCH, max_size=BATCH
    )
)
def test_generated_structures(texts: list[str]) -> None:
    taken = [text for text in texts if _is_taken(text)]
    assert len(taken) > BATCH // 10
    assert_same(taken)


TEXTS = st.one_of(
    st.text(),
    st.text(string.printable),
    st.text("\n -#:'\"|>&*!%@`,[]{}?\t\ra1", max_size=12),
    st.sampled_from(SCALARS),
    NUMBERS,
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@hypothesis.settings(deadline=None, database=None, derandomize=True)
@hypothesis.given(st.dictionaries(TEXTS, VALUES, max_size=6))
def test_what_is_written_is_read_again(value: dict[str, Any]) -> None:
    assert same(read(yaml.dump(value)) or {}, read_json(value))


@FEW
@hypothesis.given(st.lists(VALUES, min_size=100, max_size=100))
def test_kubectl_reads_what_is_written(values: list[Any]) -> None:
    text = yaml.dump({"apiVersion": "v1", "kind": "Judged", "metadata": {"name": "a"}, "body": values})
    (theirs,) = kubectl.objects(text)
    for ours, judged_value in zip(read_json(values), theirs["body"], strict=True):
        assert same(ours, judged_value), f"kubectl reads {judged_value!r} where {ours!r} was written"


def read_json(value: Any) -> Any:
    """As Kubernetes would have it after a way through JSON."""
    return yaml.json_value(value)


def _is_plain(text: str) -> bool:
    """Whether the text as a value is one plain scalar that we take."""
    try:
        value = read(f"value: {text}\n")
    except YamlError:
        return False
    return isinstance(value, dict) and not isinstance(value.get("value"), dict | list)


def _is_key(text: str) -> bool:
    try:
        value = read(f"{text}: value\n")
    except YamlError:
        return False
    return isinstance(value, dict) and list(value.values()) == ["value"]


def _is_taken(text: str) -> bool:
    try:
        read("body:\n" + "".join(f"  {line}\n" for line in text.split("\n")))
    except YamlError:
        return False
    return True
