"""Edits of text that fail where the text is no longer what they were made for."""

from collections.abc import Mapping


def edited(text: str, edits: Mapping[str, str]) -> str:
    """`text` with each key, which is in it once, replaced. Raises ValueError where one is not."""
    for old, new in edits.items():
        if text.count(old) != 1:
            raise ValueError(f"{old!r} is in the source {text.count(old)} times instead of once")
        text = text.replace(old, new)
    return text


def all_edited(text: str, edits: Mapping[str, str]) -> str:
    """The same, wherever and however often a key is there. Raises ValueError where one is not."""
    for old, new in edits.items():
        if old not in text:
            raise ValueError(f"{old!r} is not in the source")
        text = text.replace(old, new)
    return text
