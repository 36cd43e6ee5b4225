"""YAML as kubectl reads it, with the line of every key and item: for files whose problems are told line by line."""

from typing import Any, Final

import yaml as pyyaml
from yaml import events
from yaml._yaml import CParser

from trimtab.model.located import Located, Path
from trimtab.render.scalars import BadScalar, as_key, plain_key, tagged
from trimtab.render.yaml import Document, YamlError, load_all

MAX_BYTES: Final = 1 << 20
"""More than any file that a person writes."""


def load_located(source: str | bytes, *, origin: str) -> Located:
    """The value of a file's only document with its lines; None when it is empty. Raises YamlError."""
    if len(source) > MAX_BYTES:
        raise YamlError(f"{origin}: is larger than {MAX_BYTES >> 20} MiB")
    documents = [document for document in load_all(source, origin=origin) if document.value is not None]
    if len(documents) > 1:
        line = documents[1].line
        raise YamlError(f"{origin} line {line}: a second document begins here; put it into a file of its own")
    if not documents:
        return Located(origin=origin)
    places = _Places(documents[0].line)
    places.read(_chunk(source, documents[0]))
    return Located(origin=origin, value=documents[0].value, lines=places.lines, duplicates=places.duplicates)


def _chunk(source: str | bytes, document: Document) -> str:
    """The text of the file from the document on."""
    text = source if isinstance(source, str) else source.decode("utf-8-sig")
    return "\n".join(text.removeprefix("\ufeff").split("\n")[document.line - 1 :])


class _Frame:
    """A collection being read. What is below an unnamed one (`<<`, or below that) has no place of its own."""

    __slots__ = ("index", "key", "keys", "path")

    def __init__(self, path: Path | None, *, mapping: bool) -> None:
        self.path = path
        self.keys: set[str] | None = set() if mapping else None
        self.key: str | None = None
        self.index = 0


class _Places:
    """The line of every path of a document that starts on line `first`, from the parser's events.

    What an alias or `<<` repeats stands where that is written: it gets no lines of its own.
    """

    def __init__(self, first: int) -> None:
        self.lines: dict[Path, int] = {}
        self.duplicates: dict[Path, int] = {}
        self._first = first
        self._stack: list[_Frame] = []
        self._expects_value = False

    def read(self, text: str) -> None:
        """Take one document. Its value was read before, so what is no YAML here is JSON: it keeps the lines so far."""
        parser = CParser(text)
        try:
            while (event := parser.get_event()) is not None and not isinstance(event, events.DocumentEndEvent):
                self._take(event)
        except pyyaml.YAMLError:
            return
        finally:
            parser.dispose()

    def _take(self, event: Any) -> None:
        if isinstance(event, events.CollectionEndEvent):
            self._stack.pop()
        elif isinstance(event, events.NodeEvent):
            frame = self._stack[-1] if self._stack else None
            if frame is not None and frame.keys is not None and not self._expects_value:
                self._take_key(frame, event)
            else:
                self._take_value(frame, event)

    def _take_key(self, frame: _Frame, event: Any) -> None:
        self._expects_value = True
        frame.key = _key(event) if isinstance(event, events.ScalarEvent) else None
        if frame.key is None or frame.path is None or frame.keys is None:
            return
        below = (*frame.path, frame.key)
        if frame.key in frame.keys:
            self.duplicates[below] = self._line(event)
        frame.keys.add(frame.key)
        self.lines[below] = self._line(event)

    def _take_value(self, frame: _Frame | None, event: Any) -> None:
        path = self._path(frame)
        self._expects_value = False
        if path is not None and (frame is None or frame.keys is None):
            self.lines[path] = self._line(event)
        if isinstance(event, events.CollectionStartEvent):
            self._stack.append(_Frame(path, mapping=isinstance(event, events.MappingStartEvent)))

    def _path(self, frame: _Frame | None) -> Path | None:
        if frame is None:
            return ()
        if frame.path is None:
            return None
        if frame.keys is not None:
            return None if frame.key is None else (*frame.path, frame.key)
        frame.index += 1
        return (*frame.path, frame.index - 1)

    def _line(self, event: Any) -> int:
        return self._first + int(event.start_mark.line)


def _key(event: Any) -> str | None:
    """The key as JSON has it; None for `<<`."""
    tag, text = event.tag, event.value
    plain = event.implicit[0] and tag is None
    if text == "<<" and (plain or tag == "tag:yaml.org,2002:merge"):
        return None
    try:
        return plain_key(text) if plain else text if tag is None else as_key(tagged(tag, text))
    except BadScalar:
        return None
