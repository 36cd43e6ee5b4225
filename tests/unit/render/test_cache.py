"""The disk cache: what is found again, what is dropped, what is ignored."""

from pathlib import Path

import pytest

from trimtab.errors import Stalled
from trimtab.render.cache import Failures, RenderCache
from trimtab.render.jobs import Output, Rendered

DIGEST = "ab" + "0" * 62
RENDERED = Rendered((Output("a.yaml document 1", b'{"kind":"X"}'),), ("values.yaml",))


def big(index: int) -> Rendered:
    return Rendered((Output("a", bytes([index]) * 1000),))


def test_what_is_stored_is_loaded(tmp_path: Path) -> None:
    RenderCache(tmp_path).store(DIGEST, RENDERED)
    assert RenderCache(tmp_path).load(DIGEST) == RENDERED
    assert RenderCache(tmp_path).load("cd" + "0" * 62) is None


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[:5], lambda _: b"", lambda data: data[:-3] + b"xyz"]
)
def test_damaged_entries_are_ignored_and_removed(damage, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    cache = RenderCache(tmp_path)
    cache.store(DIGEST, RENDERED)
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    file.write_bytes(damage(file.read_bytes()))
    assert cache.load(DIGEST) is None
    assert not file.exists()
    cache.store(DIGEST, RENDERED)
    assert cache.load(DIGEST) == RENDERED


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    time = [1000.0]
    cache = RenderCache(tmp_path, max_bytes=5700, now=lambda: time[0])
    digests = [f"{index:02d}" + "0" * 62 for index in range(6)]
    for index, digest in enumerate(digests[:5]):
        time[0] += 1
        cache.store(digest, big(index))
    time[0] += 7200
    assert cache.load(digests[0]) == big(0)
    cache.store(digests[5], big(5))
    assert [cache.load(digest) is not None for digest in digests] == [True, False, False, True, True, True]


def test_a_folder_that_cannot_be_written_loses_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = RenderCache(tmp_path / "file" / "cache")
    cache.store(DIGEST, RENDERED)
    assert cache.load(DIGEST) is None


def test_a_failure_is_remembered_for_a_while() -> None:
    time = [0.0]
    failures = Failures(seconds=600, now=lambda: time[0])
    failures.check(DIGEST)
    failures.add(DIGEST, Stalled("too slow", reason="TooSlow"))
    with pytest.raises(Stalled, match="too slow"):
        failures.check(DIGEST)
    time[0] = 601
    failures.check(DIGEST)
