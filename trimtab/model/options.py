"""Sync options: `Name=value` words, in an application's list or an object's comma-separated annotation."""

from collections.abc import Iterable

from trimtab.model.keys import Manifest, annotations_of
from trimtab.model.names import SYNC_OPTIONS


def object_options(manifest: Manifest) -> frozenset[str]:
    """The options in the object's own annotation, e.g. {"Prune=false"}."""
    return frozenset(parse_options(str(annotations_of(manifest).get(SYNC_OPTIONS, "")).split(",")))


def parse_options(words: Iterable[str]) -> Iterable[str]:
    """Options without the blanks around them and around `=`."""
    return ("=".join(part.strip() for part in word.split("=")) for word in words if word.strip())
