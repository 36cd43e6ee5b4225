"""The bodies of lists, piece by piece, plain or gzipped.

A gzip stream is put together from parts that were compressed each on its own (RFC 1951: a full flush ends a part at a
byte, and nothing in the next refers back), so that a change compresses its block anew and not the whole list.
"""

from collections.abc import Iterable, Iterator, Sequence

from isal import isal_zlib

from trimtab.server.applications.blocks import MOST, Block
from trimtab.server.applications.stored import Stored
from trimtab.server.applications.views import View

GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
GZIP_END = b"\x03\x00"
"""An empty last block."""
LEVEL = 1


def in_blocks(apps: Sequence[Stored]) -> list[Block]:
    """A selection, in the order given."""
    return [Block(apps[at : at + MOST]) for at in range(0, len(apps), MOST)]


def plain(head: bytes, blocks: Iterable[Block], view: View, tail: bytes) -> Iterator[bytes]:
    """`head`, the blocks with commas between them, `tail`."""
    yield head
    for at, block in enumerate(blocks):
        yield _joined(block, view, comma=at > 0)
    yield tail


def gzipped(head: bytes, blocks: Iterable[Block], view: View, tail: bytes) -> Iterator[bytes]:
    """The same, as one gzip stream; what was compressed of a block and a view before is taken again."""
    yield GZIP_HEAD + _deflated(head)
    sum_, length = isal_zlib.crc32(head), len(head)
    for at, block in enumerate(blocks):
        body = _joined(block, view, comma=at > 0)
        sum_, length = isal_zlib.crc32(body, sum_), length + len(body)
        yield (COMMA if at else b"") + _kept(block, view, body[1:] if at else body)
    sum_, length = isal_zlib.crc32(tail, sum_), length + len(tail)
    yield _deflated(tail) + GZIP_END + sum_.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little")


def _joined(block: Block, view: View, *, comma: bool) -> bytes:
    fragments = view.fragments(block.apps)
    return b",".join([b"", *fragments] if comma else fragments)


def _kept(block: Block, view: View, body: bytes) -> bytes:
    deflated = block.kept.get(view)
    if deflated is None:
        deflated = block.kept[view] = _deflated(body)
    return deflated


def _deflated(part: bytes) -> bytes:
    made = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)
    return made.compress(part) + made.flush(isal_zlib.Z_FULL_FLUSH)


COMMA = _deflated(b",")
