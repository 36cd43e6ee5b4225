import pytest

from trimtab.model.located import Located
from trimtab.render.yaml import YamlError, load
from trimtab.render.yaml_lines import MAX_BYTES, load_located

SHAPES = """\
# a comment
name: web

volumes:
  - name: data
    path: /data
  -
    name: cache
ports: [80,
  81]
env: {A: x, "B": y}
"""


def test_every_key_and_item_has_its_line() -> None:
    located = load_located(SHAPES, origin="web.yaml")
    assert located.lines == {
        (): 2,
        ("name",): 2,
        ("volumes",): 4,
        ("volumes", 0): 5,
        ("volumes", 0, "name"): 5,
        ("volumes", 0, "path"): 6,
        ("volumes", 1): 8,
        ("volumes", 1, "name"): 8,
        ("ports",): 9,
        ("ports", 0): 9,
        ("ports", 1): 10,
        ("env",): 11,
        ("env", "A"): 11,
        ("env", "B"): 11,
    }
    assert located.value == load(SHAPES, origin="web.yaml")


def test_what_is_missing_is_where_it_would_stand() -> None:
    located = load_located(SHAPES, origin="web.yaml")
    assert [located.line(path) for path in (("volumes", 1, "size"), ("env", "C", "x"), ("other",))] == [8, 11, 2]
    assert Located(origin="empty.yaml").line(("name",)) == 1


def test_documents_are_counted_from_the_top_of_the_file() -> None:
    located = load_located("\ufeff# first\n---\n\n# second\nname: web\nport: 80\n", origin="web.yaml")
    assert located.lines == {(): 5, ("name",): 5, ("port",): 6}


def test_repeated_keys_are_told() -> None:
    text = "a: 1\nb:\n  - c: 1\n    c: 2\n    'c': 3\na: 2\n"
    located = load_located(text, origin="web.yaml")
    assert located.duplicates == {("b", 0, "c"): 5, ("a",): 6}
    assert located.value == {"a": 2, "b": [{"c": 3}]}


def test_keys_are_those_of_the_value() -> None:
    located = load_located("1: a\nyes: b\n!!str 2: c\n? d\n: e\n", origin="web.yaml")
    assert located.value == {"1": "a", "true": "b", "2": "c", "d": "e"}
    assert located.lines == {(): 1, ("1",): 1, ("true",): 2, ("2",): 3, ("d",): 4}


def test_what_is_repeated_by_alias_stands_at_the_alias() -> None:
    text = "base: &base\n  x: {v: 1}\none: *base\ntwo:\n  <<: *base\n  z: 1\nthree:\n  <<: {x: {y: 2}}\n"
    located = load_located(text, origin="web.yaml")
    assert located.value["two"] == {"x": {"v": 1}, "z": 1}
    assert [located.line(path) for path in (("one", "x"), ("two", "x", "v"), ("two", "z"), ("three", "x"))] == [
        3,
        4,
        6,
        7,
    ]
    assert located.duplicates == {}


def test_anchors_may_be_given_anew() -> None:
    located = load_located("a: &x 1\nb: &x 2\nc: *x\nd: 4\n", origin="web.yaml")
    assert (located.value["c"], located.line(("d",))) == (2, 4)


def test_json_has_lines_too() -> None:
    located = load_located('{"name": "web",\n "env": {"A": "\\ud83d\\ude00"}}\n', origin="web.json")
    assert located.value == {"name": "web", "env": {"A": "😀"}}
    assert located.line(("name",)) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\n---\nb: 2\n", "web.yaml line 3: a second document begins here; put it into a file of its own"),
        ("a: [1\nb: 2\n", "web.yaml document 1 line 2: did not find expected ',' or ']'"),
        (b"a: \xff\n", "web.yaml line 1: not UTF-8 text"),
        ("#" * (MAX_BYTES + 1), "web.yaml: is larger than 1 MiB"),
        ("[" * 1000, "nested deeper than 200 levels"),
    ],
)
def test_what_is_no_yaml_is_told(text: str | bytes, told: str) -> None:
    with pytest.raises(YamlError) as raised:
        load_located(text, origin="web.yaml")
    assert told in raised.value.message


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "null\n"])
def test_an_empty_file_is_no_value(text: str) -> None:
    assert load_located(text, origin="web.yaml") == Located(origin="web.yaml")


def test_aliases_that_multiply_cost_nothing() -> None:
    text = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\nb: &b [*a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b]\n"
    assert len(load_located(text, origin="web.yaml").lines) == 1 + 3 + 9 + 6 + 5
