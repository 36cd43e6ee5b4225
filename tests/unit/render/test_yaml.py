"""Reading YAML: documents, lines, limits, and the words of errors. Values are held to kubectl in `tests/render`."""

import json

import hypothesis
import pytest
from hypothesis import strategies as st

from trimtab.render import yaml
from trimtab.render.yaml import Document, YamlError


def test_documents_carry_their_line_and_number() -> None:
    text = "# head\n---\na: 1\n---\n# nothing\n---\n\nb: 2\n"
    assert yaml.load_all(text, origin="f.yaml") == [
        Document(None, 1, 1),
        Document({"a": 1}, 3, 2),
        Document(None, 5, 3),
        Document({"b": 2}, 7, 4),
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("\n \n", []),
        ("---\n---\n", []),
        ("\ufeffa: 1\n", [{"a": 1}]),
        ("a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\n--- # comment\nb: 2", [{"a": 1}, {"b": 2}]),
        ("a: 1\n...\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ('{"a": 1.0, "b": 9223372036854775808}', [{"a": 1, "b": 9223372036854775808.0}]),
        ('{"a": 1}\n---\n{b: yes}\n', [{"a": 1}, {"b": True}]),
        ("a: |\n  x\n  ---\n  y\n", [{"a": "x\n---\ny\n"}]),
    ],
)
def test_documents(text: str, values: list[object]) -> None:
    assert [document.value for document in yaml.load_all(text, origin="f.yaml")] == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\n---\nb: [1,\nc: 2\n",
            "f.yaml document 2 line 5: did not find expected ',' or ']'"
            " (while parsing a flow sequence that starts on line 3)",
        ),
        ("a: 1\nb: *x\n", "f.yaml document 1 line 2: no anchor &x before *x"),
        ("a: &x [*x]\n", "f.yaml document 1 line 1: the value of &x contains itself"),
        ("a:\n  ~: 1\n", "f.yaml document 1 line 2: a key must not be null"),
        ("a: 1\n[b]: 2\n", "f.yaml document 1 line 2: a key must be a scalar, not a list or an object"),
        ("a: &x {}\n*x : 2\n", "f.yaml document 1 line 2: a key must be a scalar, not a list or an object"),
        ("a: .nan\n", "f.yaml document 1 line 1: JSON has no nan"),
        ("a: !!int b\n", "f.yaml document 1 line 1: 'b' is not what its tag !!int says"),
        ("a: {<<: 1}\n", "f.yaml document 1 line 1: `<<` takes an object or a list of objects"),
        ("a: 1\n--- b: 2\n", "f.yaml line 2: 'b: 2' stands on a separator line; put it on the next line"),
        ("a: 1\n...\nb: 2\n", "f.yaml document 1 line 3: did not find expected <document start>"),
        ("a: \x07\n", "f.yaml document 1: control characters are not allowed"),
        (b"a: 1\nb: \xff\n", "f.yaml line 2: not UTF-8 text (byte 0xff)"),
        ("a: " + "[" * 201 + "]" * 201, "f.yaml document 1 line 1: nested deeper than 200 levels"),
        ("a:\n  " + "- " * 300 + "b\n", "f.yaml document 1 line 2: nested deeper than 200 levels"),
        ('{"a": ' * 300 + "1" + "}" * 300, "f.yaml document 1 line 1: nested deeper than 200 levels"),
    ],
)
def test_errors_name_file_document_and_line(text: str | bytes, message: str) -> None:
    with pytest.raises(YamlError) as error:
        yaml.load_all(text, origin="f.yaml")
    assert error.value.message == message


def test_aliases_are_copies() -> None:
    value = yaml.load("a: &x {b: [1]}\nc: *x\n", origin="f.yaml")
    value["a"]["b"].append(2)
    assert value["c"] == {"b": [1]}


def test_a_bomb_of_aliases_is_refused_early() -> None:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 20)]
    with pytest.raises(YamlError, match="aliases expand to more than 400000 values"):
        yaml.load("\n".join(lines), origin="f.yaml")


def test_aliases_cannot_nest_deeper_than_a_document() -> None:
    text = "a: &a " + "[" * 150 + "]" * 150 + "\nb: &b " + "[" * 100 + "*a" + "]" * 100 + "\n"
    with pytest.raises(YamlError, match="line 2: nested deeper than 200 levels"):
        yaml.load(text, origin="f.yaml")


def test_one_document_only() -> None:
    assert yaml.load("# nothing\n---\na: 1\n", origin="f.yaml") == {"a": 1}
    assert yaml.load("", origin="f.yaml") is None
    with pytest.raises(YamlError, match=r"f\.yaml holds 2 documents; only one is allowed here"):
        yaml.load("a: 1\n---\nb: 2\n", origin="f.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n "a": }', "f.json line 2: not JSON"),
        ("a: 1", "f.json line 1: not JSON"),
        ('{"a": NaN}', "f.json line 1: not JSON"),
        ("[" * 5000, "f.json"),
    ],
)
def test_json_files_hold_json(text: str, message: str) -> None:
    with pytest.raises(YamlError) as error:
        yaml.load_json(text, origin="f.json")
    assert error.value.message.startswith(message)


def test_an_empty_json_file_holds_nothing() -> None:
    assert yaml.load_json(" \n", origin="f.json") == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": "y", "b": "text", "c": 1, "d": 1.5, "e": None}, "a: 'y'\nb: text\nc: 1\nd: 1.5\ne: null\n"),
        (["08", "1e3", "0o7", "1:30", "<<", "="], "- '08'\n- '1e3'\n- '0o7'\n- '1:30'\n- '<<'\n- '='\n"),
        ({"yes": {}, "1": []}, "'yes': {}\n'1': []\n"),
        ({"text": "one\ntwo\n"}, "text: |\n  one\n  two\n"),
    ],
)
def test_written(value: object, text: str) -> None:
    assert yaml.dump(value) == text


def test_what_json_has_not_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON has no inf"):
        yaml.dump({"a": float("inf")})


WORDS = ("<<: ", "&a ", "*a", "!!int ", "!!binary ", "- ", ": ", "\n  ", "---\n", "...\n")
TOKENS = st.lists(st.sampled_from((*WORDS, *"-?:,[]{}#&*!|>'\"%@`~<= \n\t01aey."))).map("".join)


@hypothesis.settings(deadline=None, database=None, derandomize=True, max_examples=500)
@hypothesis.given(st.one_of(st.text(), st.binary(), TOKENS))
def test_any_text_is_read_or_refused(source: str | bytes) -> None:
    for load in (yaml.load_all, yaml.load_json):
        try:
            documents = load(source, origin="f.yaml")
        except YamlError as error:
            assert error.message.startswith("f.yaml")
            assert "\n" not in error.message
        else:
            assert all(json.loads(json.dumps(document.value)) == document.value for document in documents)
