"""The table of everything that the server answers: a new noun is a line here."""

from collections.abc import Iterable
from itertools import chain

from trimtab.server import health
from trimtab.server.api import account, session, version
from trimtab.server.auth import login
from trimtab.server.operation import AnyOperation
from trimtab.server.web import pages

NOUNS: tuple[Iterable[AnyOperation], ...] = (
    health.OPERATIONS,
    pages.OPERATIONS,
    version.OPERATIONS,
    session.OPERATIONS,
    login.OPERATIONS,
    account.OPERATIONS,
)

OPERATIONS: tuple[AnyOperation, ...] = tuple(chain.from_iterable(NOUNS))
