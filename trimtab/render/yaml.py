"""YAML as kubectl reads it, on libyaml: text to JSON values.

The steps are kubectl's: cut the text into documents at lines that start with `---`, parse each one (JSON if it starts
with `{`), resolve plain scalars (`scalars.py`), turn keys into strings. Building works on parser events with a stack of
its own, so no nesting can exhaust the interpreter's.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson
import yaml as pyyaml
from msgspec import Struct
from yaml import events
from yaml._yaml import CParser

from trimtab.errors import Stalled
from trimtab.render.scalars import BadScalar, as_json, as_key, plain_key, plain_value, resolve, tagged
from trimtab.render.yaml_writer import dump

__all__ = ["Document", "YamlError", "dump", "json_value", "load", "load_all", "load_json"]

MAX_DEPTH: Final = 200
"""Deeper nesting than any Kubernetes object needs, and what JSON encoders take without recursion trouble."""
MAX_ALIASED: Final = 400_000
"""Nodes that aliases may add to one document before it counts as a bomb."""


class Document(Struct, frozen=True):
    """One document: its JSON value, the line it starts on (from 1), and its number in the file (from 1)."""

    value: Any
    line: int
    number: int


class YamlError(Stalled):
    """The text is not YAML that Kubernetes takes; the message names file, document and line."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="InvalidManifest")


def load_all(source: str | bytes, *, origin: str) -> list[Document]:
    """The documents of a file in order; documents of nothing but comments have the value None.

    `origin` names the file in errors. Raises YamlError.
    """
    text = _decoded(source, origin)
    chunks = _chunks(text, origin)
    return [
        Document(_load_chunk(chunk, line=line, where=f"{origin} document {number}"), line, number)
        for number, (chunk, line) in enumerate(chunks, 1)
    ]


def load(source: str | bytes, *, origin: str) -> Any:
    """The value of a file's only document, None when it is empty. Raises YamlError, also for a second document."""
    documents = [document for document in load_all(source, origin=origin) if document.value is not None]
    if len(documents) > 1:
        raise YamlError(f"{origin} holds {len(documents)} documents; only one is allowed here")
    return documents[0].value if documents else None


def load_json(source: str | bytes, *, origin: str) -> list[Document]:
    """The one document of a JSON file, none when it is empty. Raises YamlError."""
    text = _decoded(source, origin)
    if not text.strip():
        return []
    try:
        return [Document(json_value(orjson.loads(text)), 1, 1)]
    except orjson.JSONDecodeError as error:
        raise YamlError(f"{origin} line {error.lineno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise YamlError(f"{origin}: nested deeper than {MAX_DEPTH} levels") from error


def _decoded(source: str | bytes, origin: str) -> str:
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise YamlError(f"{origin} line {line}: not UTF-8 text (byte 0x{source[error.start]:02x})") from error


def _chunks(text: str, origin: str) -> Iterator[tuple[str, int]]:
    """Non-blank documents with their first line. A separator line may hold a comment, nothing else."""
    start, line = 0, 1
    while start < len(text):
        cut = _separator(text, start)
        chunk = text[start : len(text) if cut is None else cut]
        if chunk.strip():
            yield chunk, line
        if cut is None:
            return
        end = text.find("\n", cut)
        end = len(text) if end < 0 else end
        line += chunk.count("\n") + 1
        rest = text[cut + 3 : end].strip()
        if rest and not rest.startswith("#"):
            raise YamlError(f"{origin} line {line - 1}: {rest!r} stands on a separator line; put it on the next line")
        start = end + 1


def _separator(text: str, start: int) -> int | None:
    """Where the next line that starts with `---` begins."""
    if text.startswith("---", start):
        return start
    found = text.find("\n---", start)
    return None if found < 0 else found + 1


def _load_chunk(chunk: str, *, line: int, where: str) -> Any:
    if chunk.lstrip()[:1] == "{":
        try:
            return json_value(orjson.loads(chunk))
        except (orjson.JSONDecodeError, RecursionError):
            pass  # a flow mapping: YAML's business
    try:
        return _Builder(chunk, where=where, line=line).build()
    except pyyaml.YAMLError as error:
        raise _syntax_error(error, where=where, line=line) from error


def json_value(value: Any, *, depth: int = 0) -> Any:
    """A decoded JSON value with its numbers as Kubernetes keeps them. Raises RecursionError beyond MAX_DEPTH levels."""
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        return {key: json_value(item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [json_value(item, depth=depth + 1) for item in value]
    return as_json(value)


def _syntax_error(error: pyyaml.YAMLError, *, where: str, line: int) -> YamlError:
    mark, start = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    at = f" line {line + mark.line}" if mark else ""
    context = ""
    if mark and start and start.line != mark.line:
        context = f" ({getattr(error, 'context', '')} that starts on line {line + start.line})"
    return YamlError(f"{where}{at}: {problem}{context}")


class _Anchored(Struct, frozen=True):
    """What an alias repeats, with what it adds to the count of nodes and to the depth."""

    value: Any
    nodes: int
    height: int


class _Frame:
    """A collection being built."""

    __slots__ = ("anchor", "height", "key", "merging", "nodes_before", "value")

    def __init__(self, value: list[Any] | dict[str, Any], *, anchor: str | None, nodes_before: int) -> None:
        self.value = value
        self.anchor = anchor
        self.nodes_before = nodes_before
        self.height = 1
        self.key: str | None = None
        self.merging = False


class _Builder:
    """Builds the value of one document from the parser's events."""

    def __init__(self, text: str, *, where: str, line: int) -> None:
        self._parser = CParser(text)
        self._where = where
        self._first_line = line
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._nodes = 0
        self._aliased = 0
        self._result: Any = None
        self._handlers: dict[type, Callable[[Any], None]] = {
            events.ScalarEvent: self._scalar,
            events.MappingStartEvent: self._start_mapping,
            events.SequenceStartEvent: self._start_sequence,
            events.MappingEndEvent: self._end,
            events.SequenceEndEvent: self._end,
            events.AliasEvent: self._alias,
        }

    def build(self) -> Any:
        handlers, parser = self._handlers, self._parser
        try:
            while (event := parser.get_event()) is not None:
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        except BadScalar as error:
            raise self._error(event, str(error)) from error
        finally:
            parser.dispose()
        return self._result

    def _error(self, event: Any, problem: str) -> YamlError:
        return YamlError(f"{self._where} line {self._first_line + event.start_mark.line}: {problem}")

    def _scalar(self, event: Any) -> None:
        self._nodes += 1
        tag, text = event.tag, event.value
        plain = event.implicit[0] and tag is None
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and type(frame.value) is dict and not frame.merging:
            self._take_key(frame, event, tag=tag, plain=plain, text=text)
            return
        value = plain_value(text) if plain else text if tag is None else as_json(tagged(tag, text))
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1, 0)
        self._put(value, event, height=0)

    def _take_key(self, frame: _Frame, event: Any, *, tag: str | None, plain: bool, text: str) -> None:
        if text == "<<" and (plain or tag == "tag:yaml.org,2002:merge"):
            frame.merging = True
            return
        frame.key = plain_key(text) if plain else text if tag is None else as_key(tagged(tag, text))
        if event.anchor is not None:
            raw = resolve(text) if plain else text if tag is None else tagged(tag, text)
            self._anchors[event.anchor] = _Anchored(as_json(raw), 1, 0)

    def _start_mapping(self, event: Any) -> None:
        self._push(_Frame({}, anchor=event.anchor, nodes_before=self._nodes), event)

    def _start_sequence(self, event: Any) -> None:
        self._push(_Frame([], anchor=event.anchor, nodes_before=self._nodes), event)

    def _push(self, frame: _Frame, event: Any) -> None:
        parent = self._stack[-1] if self._stack else None
        if parent is not None and parent.key is None and type(parent.value) is dict and not parent.merging:
            raise self._error(event, "a key must be a scalar, not a list or an object")
        if len(self._stack) >= MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels")
        self._nodes += 1
        if frame.anchor is not None:
            self._anchors[frame.anchor] = None
        self._stack.append(frame)

    def _end(self, event: Any) -> None:
        frame = self._stack.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(frame.value, self._nodes - frame.nodes_before, frame.height)
        self._put(frame.value, event, height=frame.height)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise self._error(event, f"no anchor &{event.anchor} before *{event.anchor}")
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise self._error(event, f"the value of &{event.anchor} contains itself")
        self._aliased += anchored.nodes
        self._nodes += anchored.nodes
        if self._aliased > MAX_ALIASED:
            raise self._error(event, f"aliases expand to more than {MAX_ALIASED} values")
        if len(self._stack) + anchored.height > MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels")
        frame = self._stack[-1]
        if frame.key is None and type(frame.value) is dict and not frame.merging:
            frame.key = as_key(anchored.value) if not isinstance(anchored.value, (dict, list)) else None
            if frame.key is None:
                raise self._error(event, "a key must be a scalar, not a list or an object")
            return
        self._put(_copied(anchored.value), event, height=anchored.height)

    def _put(self, value: Any, event: Any, *, height: int) -> None:
        if not self._stack:
            self._result = value
            return
        frame = self._stack[-1]
        if height >= frame.height:
            frame.height = height + 1
        container = frame.value
        if isinstance(container, list):
            container.append(value)
        elif frame.key is not None:
            container[frame.key] = value
            frame.key = None
        else:
            frame.merging = False
            self._merge(container, value, event)

    def _merge(self, into: dict[str, Any], value: Any, event: Any) -> None:
        """`<<`: later keys win over earlier ones, in a list of maps the first map wins."""
        maps = value if isinstance(value, list) else [value]
        if not all(isinstance(item, dict) for item in maps):
            raise self._error(event, "`<<` takes an object or a list of objects")
        for item in reversed(maps):
            into.update(item)


def _copied(value: Any) -> Any:
    """A deep copy, so that no two places of a result share a part."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
