"""What a folder was made from, kept beside its files: so that a person's lines can be told from ours, without a state.

The files are made again from it, and known by the ids that Git gives to their content.
"""

import hashlib
from typing import Any

import msgspec
from msgspec import Struct, field

from trimtab.declare.declaration import API_VERSION, Declaration
from trimtab.declare.files import Dump
from trimtab.declare.place import Place
from trimtab.errors import Stalled

KIND = "Generated"
NAME = "generated.yaml"
HEAD = """\
# Kept by trimtab: what it made the files from, to tell your lines from its
# own. Leave it as it is, and commit it with them.
"""


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`files`: path → id of the text that was made; `review`: those whose change waits in a `.patch` beside them."""

    declaration: Declaration
    environment: Place | None = None
    """None for a base."""
    files: dict[str, str] = field(default_factory=dict)
    review: tuple[str, ...] = ()


def text_of(record: Record, dump: Dump) -> str:
    value: dict[str, Any] = msgspec.to_builtins(record)
    return HEAD + dump({"apiVersion": API_VERSION, "kind": KIND, **value})


def record_of(value: object, *, origin: str) -> Record:
    """Raises Stalled for what no version of trimtab has written."""
    try:
        return msgspec.convert(value, Record)
    except msgspec.ValidationError as error:
        raise Stalled(f"{origin}: is damaged ({error}); restore it from Git", reason="InvalidRecord") from error


def content_id(text: str) -> str:
    """The id of a text as Git's blob."""
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
