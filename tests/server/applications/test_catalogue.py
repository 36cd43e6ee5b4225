"""Applications in memory: blocks, orders and pages agree with a plain sort, whatever comes and goes."""

import asyncio
import gzip
import random
import zlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.applications.made import NAMESPACE, an_app
from trimtab.model.keys import AppKey
from trimtab.server.applications.blocks import MOST
from trimtab.server.applications.catalogue import REMEMBERED, SORTS, Catalogue, Place, beyond, place
from trimtab.server.applications.crc import combined, power
from trimtab.server.applications.paging import Mark, decode_mark, encode_mark
from trimtab.server.applications.pieces import gzipped, plain
from trimtab.server.applications.projection import parse_fields
from trimtab.server.applications.stored import Stored
from trimtab.server.applications.views import MOST as MOST_VIEWS
from trimtab.server.applications.views import Views

STATES = ("Healthy", "Degraded", "Progressing", "")


def _some(chance: random.Random, version: int) -> Stored:
    status = {"health": {"status": chance.choice(STATES)}, "sync": {"status": chance.choice(("Synced", "OutOfSync"))}}
    spec = {"project": chance.choice("abc")}
    return an_app(f"app-{chance.randrange(400)}", version, namespace=chance.choice("xy"), spec=spec, status=status)


@pytest.mark.parametrize("seed", range(3))
def test_orders_and_blocks_stay_true(seed: int) -> None:
    chance = random.Random(seed)
    catalogue, expected = Catalogue(), dict[AppKey, Stored]()
    for sort in SORTS:
        catalogue.order(sort)
    for version in range(1, 1200):
        app = _some(chance, version)
        if chance.random() < 0.3:
            catalogue.drop(app.key, version)
            expected.pop(app.key, None)
        else:
            catalogue.put(app)
            expected[app.key] = app
    by_name = sorted(expected.values(), key=lambda app: (app.name, app.namespace))
    blocks = catalogue.blocks.snapshot()
    assert [app.header for block in blocks for app in block.apps] == [app.header for app in by_name]
    assert all(0 < len(block.apps) <= MOST for block in blocks)
    for sort in SORTS:
        assert catalogue.order(sort) == sorted(place(app, sort) for app in expected.values())
    assert len(catalogue.removals) <= REMEMBERED


def test_a_page_goes_on_after_an_application_that_is_gone() -> None:
    order: list[Place] = [("b", "b", "x"), ("c", "c", "x"), ("d", "d", "x")]
    for last, descending, expected in [
        ("bb", False, ["c", "d"]),
        ("c", False, ["d"]),
        ("cc", True, ["c", "b"]),
        ("c", True, ["b"]),
    ]:
        after = beyond(order, (last, last, "x"), at=lambda one: one, descending=descending)
        assert [name for _, name, _ in after] == expected
    assert beyond(order, None, at=lambda one: one, descending=True) == order[::-1]


@pytest.mark.parametrize("fields", ["", "items.metadata.name,items.spec", "-items.metadata", "items.nothing"])
@pytest.mark.parametrize("count", [1, MOST, 3 * MOST + 1])
async def test_plain_and_gzipped_say_the_same(count: int, fields: str) -> None:
    catalogue = Catalogue()
    for n in range(count):
        catalogue.put(an_app(f"app-{n:04}", n + 1))
    view = Views(catalogue).of(parse_fields(fields, "items"))
    for again in range(2):
        blocks = catalogue.blocks.snapshot()
        whole = b"".join(await plain(b'{"items":[', blocks, view, b"]}"))
        packed = b"".join(await gzipped(b'{"items":[', blocks, view, b"]}"))
        assert gzip.decompress(packed) == whole
        browser = zlib.decompressobj(31)
        assert (browser.decompress(packed), browser.eof, browser.unused_data) == (whole, True, b"")
        assert len(orjson.loads(whole)["items"]) == count
        catalogue.put(an_app("app-0000", count + 1 + again, labels={"changed": str(again)}))


async def test_a_change_makes_its_own_block_anew_and_no_other() -> None:
    catalogue = Catalogue()
    for n in range(4 * MOST):
        catalogue.put(an_app(f"app-{n:04}", n + 1))
    view = Views(catalogue).of(parse_fields("", "items"))
    await gzipped(b"", catalogue.blocks.snapshot(), view, b"")
    before = set(view.deflated.values())
    catalogue.put(an_app("app-0100", 9999, labels={"changed": "yes"}))
    await gzipped(b"", catalogue.blocks.snapshot(), view, b"")
    assert len(set(view.deflated.values()) - before) == 1


def test_projections_that_nobody_uses_any_more_are_forgotten() -> None:
    catalogue = Catalogue()
    catalogue.put(an_app("web"))
    views = Views(catalogue)
    kept = views.of(parse_fields("items.spec", "items"))
    assert kept.fragment(an_app("web"))
    for n in range(MOST_VIEWS):
        views.of(parse_fields(f"items.field{n}", "items"))
    assert views.of(parse_fields("items.spec", "items")) is not kept
    catalogue.drop(AppKey(NAMESPACE, "web"), 2)
    assert kept.size == 0


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_crc_of_two_parts(first: bytes, second: bytes) -> None:
    assert combined(zlib.crc32(first), zlib.crc32(second), power(len(second))) == zlib.crc32(first + second)


def test_a_mark_fits_its_own_list_only() -> None:
    mark = encode_mark(Mark("query", ("web", "web", "argocd")))
    assert decode_mark(mark, "query", ranked=False) == ("web", "web", "argocd")
    for wrong, query, ranked in [
        (mark, "other", False),
        (mark, "query", True),
        (mark[:-1], "query", False),
        (mark[:20] + ("A" if mark[20] != "A" else "B") + mark[21:], "query", False),
        ("", "query", False),
        ("ü" * 20, "query", False),
        ("A" * 5000, "query", False),
        (encode_mark(Mark("query", (1, "web", "argocd"))), "query", False),
    ]:
        with pytest.raises(ValueError, match="continue"):
            decode_mark(wrong, query, ranked=ranked)


async def test_making_a_large_list_lets_others_have_their_turn() -> None:
    catalogue = Catalogue()
    for n in range(6 * MOST):
        catalogue.put(an_app(f"app-{n:04}", n + 1))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    view = Views(catalogue).of(parse_fields("-items.spec", "items"))
    await plain(b"", catalogue.blocks.snapshot(), view, b"")
    task.cancel()
    assert turns >= 6
