"""The Go modules that a compiled program is made of: its own word, as `go version -m` prints it.

The format is that of debug/buildinfo of Go 1.18 and newer: a header of 32 bytes, then two strings with their lengths.
"""

import mmap
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"\xff Go buildinf:"
HEADER = 32
INLINE = 2
MARK = 16
"""Bytes that begin and end the second string, for readers that search for it."""


@dataclass(frozen=True)
class Program:
    """`name` is where it is, `modules` are paths and versions."""

    name: str
    modules: tuple[tuple[str, str], ...]


def programs(root: Path) -> list[Program]:
    """Every Go program or library below a folder."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink())
    found = (Program(str(path.relative_to(root)), modules(path)) for path in files if _is_elf(path))
    return [program for program in found if program.modules]


def modules(file: Path) -> tuple[tuple[str, str], ...]:
    """Path and version of each module in it, the standard library first; () for what is not Go's."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        place = content.find(MAGIC)
        while place >= 0 and not content[place + len(MAGIC) + 1] & INLINE:
            place = content.find(MAGIC, place + 1)
        if place < 0:
            return ()
        release, after = _string(content, place + HEADER)
        listing, _ = _string(content, after)
    return (("stdlib", release.decode().removeprefix("go")), *_parse(listing[MARK:-MARK].decode()))


def _parse(listing: str) -> list[tuple[str, str]]:
    """Lines of tab-separated words: `dep PATH VERSION SUM`, where `=> PATH VERSION SUM` replaces the line before."""
    found: list[tuple[str, str]] = []
    for words in (line.split("\t") for line in listing.splitlines()):
        if words[0] == "=>" and found:
            found.pop()
        if words[0] in ("mod", "dep", "=>") and len(words) > 2:
            found.append((words[1], words[2]))
    return found


def _string(content: mmap.mmap, place: int) -> tuple[bytes, int]:
    """The string at `place`, behind its length as an unsigned varint, and where it ends."""
    length = shift = 0
    while True:
        byte = content[place]
        place += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return content[place : place + length], place + length


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"
