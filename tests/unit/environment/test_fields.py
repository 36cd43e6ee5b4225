import pytest

from trimtab.environment.fields import InvalidDeclaration, Reader, shown_path
from trimtab.render.yaml_lines import load_located


def a_reader(text: str) -> Reader:
    return Reader(load_located(text, origin="web.yaml"))


def told(reader: Reader) -> list[str]:
    return [str(problem) for problem in reader.problems()]


def test_what_is_right_is_read_without_a_word() -> None:
    reader = a_reader(
        "name: web\nport: 80\nopen: yes\nteams: [a, b]\nmode: fast\nvolumes:\n- {path: /x}\nlabels: {a: ''}"
    )
    root = reader.root
    assert root.text("name", required=True) == "web"
    assert root.integer("port", low=1, high=65535) == 80
    assert root.flag("open") is True
    assert root.texts("teams") == ("a", "b")
    assert root.choice("mode", ("slow", "fast")) == "fast"
    assert [volume.text("path") for volume in root.sections("volumes")] == ["/x"]
    assert root.labels("labels") == {"a": ""}
    assert told(reader) == []
    reader.raise_problems()


def test_what_is_left_out_has_its_default() -> None:
    root = a_reader("").root
    assert root.text("name", "web") == "web"
    assert root.integer("port", 80, low=1, high=9) == 80
    assert (root.flag("open", default=True), root.texts("teams"), root.sections("volumes")) == (True, (), [])
    assert (root.choice("mode", ("a",), "b"), root.mapping("labels"), "name" in root) == ("b", {}, False)


def test_every_problem_is_told_in_the_order_of_lines() -> None:
    reader = a_reader(
        "nmae: web\nport: 70000\nopen: maybe\nteams: [a, 1, '']\nmode: slwo\nvolumes:\n- path: 1\n- x\n-\n"
    )
    root = reader.root
    root.text("name", required=True)
    root.integer("port", low=1, high=65535)
    root.flag("open")
    root.texts("teams")
    root.choice("mode", ("slow", "fast"))
    for volume in root.sections("volumes"):
        volume.text("path")
    assert told(reader) == [
        "web.yaml:1: name: is missing",
        "web.yaml:1: nmae: is not known here; did you mean name?",
        "web.yaml:2: port: has to be a whole number from 1 to 65535, not 70000",
        "web.yaml:3: open: has to be true or false, not a text",
        "web.yaml:4: teams[1]: has to be a text, not a number (put it in quotes)",
        "web.yaml:4: teams[2]: is empty",
        "web.yaml:5: mode: has to be one of slow, fast; did you mean slow?",
        "web.yaml:7: volumes[0].path: has to be a text, not a number (put it in quotes)",
        "web.yaml:8: volumes[1]: has to be a mapping, not a text",
        "web.yaml:9: volumes[2]: has to be a mapping, not empty",
    ]
    with pytest.raises(InvalidDeclaration) as raised:
        reader.raise_problems()
    assert raised.value.message == "web.yaml:1: name: is missing (and 9 more)"
    assert len(raised.value.problems) == 10


def test_a_file_of_another_kind_is_told_as_that() -> None:
    reader = a_reader("apiVersion: v2\nkind: Environment\nimage: x\n")
    with pytest.raises(InvalidDeclaration) as raised:
        reader.head("v1", "ApplicationDeclaration")
    assert [str(problem) for problem in raised.value.problems] == [
        "web.yaml:1: apiVersion: has to be v1",
        "web.yaml:2: kind: has to be ApplicationDeclaration",
    ]


@pytest.mark.parametrize("kind", ["kind: Enviroment", "kind: 5", "kin: x", ""])
def test_a_kind_that_is_misspelt_is_one_problem_of_many(kind: str) -> None:
    reader = a_reader(f"apiVersion: v1\nimage: x\n{kind}\n")
    reader.head("v1", "Environment")
    assert "web.yaml:2: image: is not known here; there are: apiVersion, kind" in told(reader)
    assert any(": kind: " in line for line in told(reader))


def test_keys_that_stand_twice_are_told() -> None:
    reader = a_reader("name: web\nname: db\n")
    reader.root.text("name")
    assert told(reader) == ["web.yaml:2: name: is given twice: keep one of them"]


@pytest.mark.parametrize(("text", "kind"), [("[1]", "a list"), ("web", "a text"), ("5", "a number"), ("true", "true")])
def test_a_file_that_is_no_mapping_is_told(text: str, kind: str) -> None:
    reader = a_reader(text)
    assert reader.root.text("name") == ""
    assert told(reader) == [f"web.yaml:1: has to be a mapping, not {kind}"]


@pytest.mark.parametrize("value", ["true", "1.5", "'80'", "[]", "{}", "-1", "1e99"])
def test_a_number_is_whole_and_within_its_bounds(value: str) -> None:
    reader = a_reader(f"port: {value}")
    assert reader.root.integer("port", 5, low=0, high=9) == 5
    assert told(reader)[0].startswith("web.yaml:1: port: has to be a whole number from 0 to 9, not ")


def test_control_characters_are_no_text() -> None:
    reader = a_reader('a: "x\\e[2J"\nb: "x\\ny"\n')
    assert (reader.root.text("a"), reader.root.text("b")) == ("", "x\ny")
    assert told(reader) == ["web.yaml:1: a: must not hold control characters"]


def test_keys_far_from_any_are_told_with_all_there_are() -> None:
    reader = a_reader("zzz: 1\n")
    reader.root.text("name")
    reader.root.text("image")
    assert told(reader) == ["web.yaml:1: zzz: is not known here; there are: name, image"]


def test_hostile_keys_do_not_reach_a_terminal() -> None:
    reader = a_reader('"\\e[2Jx": 1\n')
    reader.root.text("name")
    assert told(reader) == ["web.yaml:1: '\\x1b[2Jx': is not known here; there are: name"]
    assert len(shown_path(("k" * 5000,))) == 60


def test_paths_are_shown_as_people_write_them() -> None:
    assert shown_path(("volumes", 0, "path")) == "volumes[0].path"
    assert shown_path(()) == ""
