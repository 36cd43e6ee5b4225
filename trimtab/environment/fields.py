"""Reading a declaration key by key: every problem is noted with its line, and reading goes on.

reader = Reader(located)
name = reader.root.text("name", required=True, check=wrong_with_label)
for volume in reader.root.sections("volumes"): ...
reader.raise_problems()
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

from trimtab.errors import Stalled
from trimtab.model.located import Located, Path
from trimtab.text import one_line

Check = Callable[[str], str]
"""A text → what is wrong with it ("has to be …"); "" for nothing."""


class Problem(Struct, frozen=True, order=True):
    """What is wrong on a line of a file, and what to do about it. `where` is a path like `volumes[0].size`."""

    origin: str
    line: int
    where: str
    what: str

    def __str__(self) -> str:
        at = f"{self.origin}:{self.line}: "
        return f"{at}{self.where}: {self.what}" if self.where else f"{at}{self.what}"


class InvalidDeclaration(Stalled):
    """A declaration has problems. The message tells the first one; `problems` are all, in the order of lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}", reason="InvalidDeclaration")
        self.problems = tuple(problems)


class Reader:
    """Reads one file. `root` is its mapping."""

    def __init__(self, located: Located) -> None:
        self.located = located
        self._problems: list[Problem] = []
        self._sections: list[Section] = []
        for path in located.duplicates:
            self.note(path, "is given twice: keep one of them", line=located.duplicates[path])
        self.root = self.section_at(located.value, ())

    def head(self, api_version: str, kind: str) -> None:
        """Read `apiVersion` and `kind`. Raises InvalidDeclaration at once for a file of another kind altogether."""
        self.root.choice("apiVersion", (api_version,), required=True)
        found = self.root.choice("kind", (kind,), required=True)
        given = self.root.take("kind")
        if not found and isinstance(given, str) and not get_close_matches(given, (kind,)):
            self.raise_problems(unknown=False)

    def note(self, path: Path, what: str, *, line: int = 0) -> None:
        """Note a problem with the part at `path`."""
        at = line or self.located.line(path)
        self._problems.append(Problem(self.located.origin, at, shown_path(path), what))

    def section_at(self, value: object, path: Path) -> "Section":
        """The mapping at `path`; what is no mapping is noted, and reads as an empty one."""
        if value is not None and not isinstance(value, Mapping):
            self.note(path, f"has to be a mapping, not {_kind(value)}")
        section = Section(self, value if isinstance(value, Mapping) else {}, path)
        self._sections.append(section)
        return section

    def problems(self, *, unknown: bool = True) -> tuple[Problem, ...]:
        """All that is wrong, in the order of lines; with `unknown`, when everything is read, keys nobody asked for."""
        found = {*self._problems, *(self._unknown() if unknown else ())}
        return tuple(sorted(found, key=lambda one: (one.line, one.where, one.what)))

    def raise_problems(self, *, unknown: bool = True) -> None:
        """Raises InvalidDeclaration if there are any."""
        if problems := self.problems(unknown=unknown):
            raise InvalidDeclaration(problems)

    def _unknown(self) -> Iterator[Problem]:
        for section in self._sections:
            for key, hint in section.unknown():
                path = (*section.path, key)
                yield Problem(self.located.origin, self.located.line(path), shown_path(path), hint)


class Section:
    """A mapping at `path`. A value that cannot be used is noted, and counts as left out."""

    def __init__(self, reader: Reader, value: Mapping[str, Any], path: Path) -> None:
        self.path = path
        self._reader = reader
        self._value = value
        self._known: dict[str, None] = {}

    def __contains__(self, key: str) -> bool:
        return self._value.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def problem(self, key: str | int, what: str) -> None:
        """Note what is wrong with the value of a key; with the whole mapping where `key` is ""."""
        self._reader.note(self.path if key == "" else (*self.path, key), what)

    def problem_at(self, path: Path, what: str) -> None:
        """Note what is wrong with a part further below."""
        self._reader.note((*self.path, *path), what)

    def take(self, key: str, *, required: bool = False) -> Any:
        """The value, whatever it is; None where there is none. The key counts as known from now on."""
        self._known[key] = None
        value = self._value.get(key)
        if required and (value is None or value == ""):
            self.problem(key, "is missing")
            return None
        return value

    def text(self, key: str, default: str = "", *, required: bool = False, check: Check | None = None) -> str:
        """A string; `check` may find fault with it."""
        value = self.take(key, required=required)
        if value is None or value == "":
            return default
        if wrong := wrong_with_text(value) or (check(value) if check else ""):
            self.problem(key, wrong)
            return default
        return str(value)

    def choice(self, key: str, options: Sequence[str], default: str = "", *, required: bool = False) -> str:
        """One of `options`."""
        return self.text(key, default, required=required, check=lambda value: wrong_with_choice(value, options))

    def flag(self, key: str, *, default: bool = False) -> bool:
        """true or false."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(key, f"has to be true or false, not {_kind(value)}")
            return default
        return value

    def integer(self, key: str, default: int = 0, *, low: int, high: int, required: bool = False) -> int:
        """A whole number from `low` to `high`."""
        value = self.take(key, required=required)
        if value is None:
            return default
        if type(value) is not int or not low <= value <= high:
            shown = str(value) if type(value) is int else _kind(value)
            self.problem(key, f"has to be a whole number from {low} to {high}, not {shown}")
            return default
        return value

    def items(self, key: str, *, required: bool = False) -> list[Any]:
        """A list, whatever its items are."""
        value = self.take(key, required=required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problem(key, f"has to be a list, not {_kind(value)}")
            return []
        if required and not value:
            self.problem(key, "is empty: name at least one")
        return value

    def texts(self, key: str, *, required: bool = False, check: Check | None = None) -> tuple[str, ...]:
        """A list of strings; those that are wrong are noted and left out."""
        good = []
        for number, item in enumerate(self.items(key, required=required)):
            if wrong := wrong_with_text(item) or (check(item) if check else ""):
                self._reader.note((*self.path, key, number), wrong)
            else:
                good.append(str(item))
        return tuple(good)

    def section(self, key: str, *, required: bool = False) -> "Section":
        """The mapping below a key, to be read in its turn; an empty one where there is none."""
        return self._reader.section_at(self.take(key, required=required), (*self.path, key))

    def sections(self, key: str, *, required: bool = False) -> list["Section"]:
        """The mappings of the list below a key."""
        path = (*self.path, key)
        found = self.items(key, required=required)
        return [self._reader.section_at(_given(item), (*path, number)) for number, item in enumerate(found)]

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A mapping whose keys are the writer's own, such as annotations: its values as they are."""
        value = self.take(key)
        if value is not None and not isinstance(value, Mapping):
            self.problem(key, f"has to be a mapping, not {_kind(value)}")
        return value if isinstance(value, Mapping) else {}

    def labels(self, key: str) -> dict[str, str]:
        """A mapping of strings to strings; values of another kind are noted and left out."""
        good = {}
        for name, value in self.mapping(key).items():
            if value != "" and (wrong := wrong_with_text(value)):
                self._reader.note((*self.path, key, name), wrong)
            else:
                good[name] = value
        return good

    def unknown(self) -> Iterator[tuple[str, str]]:
        """(key, what to do) for every key that nobody asked for."""
        for key in self._value:
            if key not in self._known:
                close = get_close_matches(key, self._known, n=1)
                hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(self._known)}"
                yield key, f"is not known here; {hint}"


def shown_path(path: Path) -> str:
    """`("volumes", 0, "path")` as `volumes[0].path`. Keys that a terminal must not see are shown escaped."""
    text = ""
    for part in path:
        name = part if isinstance(part, int) else one_line(part if part.isprintable() else ascii(part), limit=60)
        text += f"[{name}]" if isinstance(part, int) else f".{name}" if text else str(name)
    return text


def wrong_with_text(value: object) -> str:
    """What keeps a value from being a text of one or more printable lines; "" for nothing."""
    if not isinstance(value, str):
        quote = " (put it in quotes)" if isinstance(value, (int, float)) else ""
        return f"has to be a text, not {_kind(value)}{quote}"
    if not value:
        return "is empty"
    return "" if all(line.isprintable() for line in value.split("\n")) else "must not hold control characters"


def wrong_with_choice(value: str, options: Sequence[str]) -> str:
    """What keeps `value` from being one of `options`."""
    if value in options:
        return ""
    if len(options) == 1:
        return f"has to be {options[0]}"
    close = get_close_matches(value, options, n=1)
    return f"has to be one of {', '.join(options)}" + (f"; did you mean {close[0]}?" if close else "")


def like(pattern: str, wrong: str) -> Check:
    """A check that a text is like `pattern` from end to end."""
    compiled = re.compile(pattern)
    return lambda value: "" if compiled.fullmatch(value) else wrong


def _given(item: object) -> object:
    """An item of a list is there, also when it is null."""
    return "" if item is None else item


def _kind(value: object) -> str:
    """The kind of a JSON value, in the words of a person."""
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return "a number"
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "a mapping"
