"""Argo CD 3.5's API in our own words, read from `tests/cases/server/argocd_operations.txt`.

ID METHOD PATH [stream]
  query NAME NAME* …       what may be repeated has a star
  body NAME … | string     the fields of the body, where it is an object
  reply NAME NAME.NAME …   the fields of the reply, and of the objects in it (but not of Kubernetes' own)
"""

import re
from functools import cache
from pathlib import Path

from msgspec import Struct

TABLE = Path(__file__).parents[2] / "cases/server/argocd_operations.txt"


class ArgoOperation(Struct, frozen=True, kw_only=True):
    """`query`: names, with a star where one may be repeated. `reply`: dotted names, two levels deep."""

    id: str
    method: str
    path: str
    streams: bool
    query: frozenset[str] = frozenset()
    body: frozenset[str] = frozenset()
    reply: frozenset[str] = frozenset()


@cache
def argocd_operations() -> dict[str, ArgoOperation]:
    """By id."""
    found = (_operation(block) for block in re.split(r"\n(?=\S)", TABLE.read_text().strip()))
    return {one.id: one for one in found}


def _operation(block: str) -> ArgoOperation:
    head, *rest = re.split(r"\n  (?=\S)", block)
    name, method, path, *stream = head.split()
    parts = {words[0]: frozenset(words[1:]) for words in (line.split() for line in rest)}
    return ArgoOperation(id=name, method=method, path=path, streams=bool(stream), **parts)
