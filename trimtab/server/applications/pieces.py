"""The bodies of lists: pieces that are kept from one list to the next, plain or gzipped.

A gzip stream is put together from parts that were compressed each on its own (RFC 1951: a full flush ends a part at a
byte, and nothing in the next refers back), so that a change compresses its block anew and not the whole list.
"""

import asyncio
from collections.abc import Sequence

from isal import isal_zlib

from trimtab.server.applications.blocks import MOST, Block
from trimtab.server.applications.crc import combined, power
from trimtab.server.applications.stored import Stored
from trimtab.server.applications.views import Deflated, View

GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
GZIP_END = b"\x03\x00"
"""An empty last block."""
LEVEL = 1

Piece = bytes | memoryview


def in_blocks(apps: Sequence[Stored]) -> list[Block]:
    """A selection, in the order given."""
    return [Block(apps[at : at + MOST], lasting=False) for at in range(0, len(apps), MOST)]


async def plain(head: bytes, blocks: Sequence[Block], view: View, tail: bytes) -> list[Piece]:
    """`head`, the blocks with commas between them, `tail`."""
    pieces: list[Piece] = [head]
    for at, block in enumerate(blocks):
        kept = view.plain.get(block)
        if kept is None:
            kept = b"," + _joined(block, view)
            if block.lasting:
                view.plain[block] = kept
            await asyncio.sleep(0)
        pieces.append(kept if at else memoryview(kept)[1:])
    return [*pieces, tail]


async def gzipped(head: bytes, blocks: Sequence[Block], view: View, tail: bytes) -> list[Piece]:
    """The same, as one gzip stream."""
    parts = [deflate(head)]
    for at, block in enumerate(blocks):
        kept = view.deflated.get(block)
        if kept is None:
            kept = view.deflated[block] = deflate(_joined(block, view))
            await asyncio.sleep(0)
        parts += (COMMA, kept) if at else (kept,)
    parts.append(deflate(tail))
    crc = length = 0
    for part in parts:
        crc, length = combined(crc, part.crc, part.power), length + part.length
    end = GZIP_END + crc.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little")
    return [GZIP_HEAD, *(part.data for part in parts), end]


def deflate(part: bytes) -> Deflated:
    made = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)
    data = made.compress(part) + made.flush(isal_zlib.Z_FULL_FLUSH)
    return Deflated(data, len(part), isal_zlib.crc32(part), power(len(part)))


def _joined(block: Block, view: View) -> bytes:
    return b",".join(view.fragments(block.apps))


COMMA = deflate(b",")
