"""From chunks to events, however the bytes are cut."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.scripted import bookmark, config_map, event
from trimtab.kube.errors import Gone, ServerError
from trimtab.kube.resource import Resource
from trimtab.kube.watch_events import EventDecoder, LineBuffer
from trimtab.model.keys import Kind, ObjectKey
from trimtab.model.observed import Removed, Upserted

DECODER = EventDecoder(Resource(Kind("", "v1", "ConfigMap"), "configmaps", namespaced=True))


@given(st.lists(st.binary(max_size=30)), st.integers(min_value=1, max_value=9))
def test_lines_are_whole_and_nothing_is_lost(pieces: list[bytes], size: int) -> None:
    data = b"".join(piece.replace(b"\n", b"") + b"\n" for piece in pieces) + b"rest"
    lines = LineBuffer()
    out = [lines.feed(data[at : at + size]) for at in range(0, len(data), size)]
    assert b"".join(out) == data.removesuffix(b"rest")
    assert all(whole == b"" or whole.endswith(b"\n") for whole in out)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["ADDED", "MODIFIED", "DELETED"]),
        st.text("abc", min_size=1, max_size=3),
        st.text(max_size=400),
    ),
    max_size=12,
)


@given(EVENTS, st.lists(st.integers(min_value=1, max_value=300), min_size=1, max_size=20))
def test_events_are_the_same_however_the_bytes_are_cut(events: list[tuple[str, str, str]], cuts: list[int]) -> None:
    bodies = [(kind, config_map(name, at, text=text)) for at, (kind, name, text) in enumerate(events, 1)]
    data = b"".join(event(kind, body) for kind, body in bodies)
    lines, seen, at, turn = LineBuffer(), [], 0, 0
    while at < len(data):
        size = cuts[turn % len(cuts)]
        if whole := lines.feed(data[at : at + size]):
            seen += DECODER.decode(whole).events
        at, turn = at + size, turn + 1
    assert len(seen) == len(bodies)
    for told, (kind, body) in zip(seen, bodies, strict=True):
        observed = told.last if isinstance(told, Removed) else told.observed if isinstance(told, Upserted) else None
        assert isinstance(told, Removed) == (kind == "DELETED")
        assert observed is not None
        assert orjson.loads(observed.raw) == body
        assert observed.key == ObjectKey("", "ConfigMap", "shop", body["metadata"]["name"])


def test_an_event_larger_than_many_chunks() -> None:
    data = event("ADDED", config_map("big", 1, text="x" * 3_000_000))
    lines = LineBuffer()
    out = [lines.feed(data[at : at + 16_384]) for at in range(0, len(data), 16_384)]
    assert [whole for whole in out if whole] == [data]


def test_an_endless_line_is_refused() -> None:
    lines = LineBuffer(most=100)
    lines.feed(b"x" * 100)
    with pytest.raises(ValueError, match="more than 100 bytes"):
        lines.feed(b"x")


def test_bookmarks_move_the_version_and_mark_the_end() -> None:
    added_a = event("ADDED", config_map("a", 3))
    told = DECODER.decode(added_a + bookmark(9))
    assert (told.resource_version, told.bookmarks, told.initial) == ("9", 1, None)
    marked = added_a + bookmark(9, initial_end=True) + added_a
    assert DECODER.decode(marked).initial == 1
    assert DECODER.decode(bookmark(9) + event("ADDED", config_map("a", 11))).resource_version == "11"


def test_events_before_an_error_count() -> None:
    expired = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 1 (9)"}
    told = DECODER.decode(event("ADDED", config_map("a", 3)) + event("ERROR", expired))
    assert len(told.events) == 1
    assert isinstance(told.error, Gone)
    assert told.error.message == "watch v1/ConfigMap: too old resource version: 1 (9) (HTTP 410)"


@pytest.mark.parametrize(
    "line", [b"<html>\n", b"{}\n", b'{"type":"ADDED","object":{}}\n', b'{"type":"ADDED","object":3}\n', b"\xff\n"]
)
def test_what_is_no_event_is_an_error(line: bytes) -> None:
    with pytest.raises(ServerError, match="watch v1/ConfigMap: the answer holds what is no event"):
        DECODER.decode(line)


def test_a_type_of_event_that_is_not_known_is_passed_over() -> None:
    assert DECODER.decode(event("PARTY", config_map("a", 3))).events == []
