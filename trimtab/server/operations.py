"""The table of everything that the server answers: a new noun is a line here."""

from collections.abc import Iterable
from itertools import chain

from trimtab.server.api import version
from trimtab.server.operation import AnyOperation

NOUNS: tuple[Iterable[AnyOperation], ...] = (version.OPERATIONS,)

OPERATIONS: tuple[AnyOperation, ...] = tuple(chain.from_iterable(NOUNS))
