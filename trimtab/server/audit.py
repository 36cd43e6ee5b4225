"""A line for every write: who, what, from where, allowed or not. Bodies and tokens are never in it."""

import logging
from collections.abc import Mapping

import msgspec
from starlette.requests import Request

from trimtab.access.subject import ANONYMOUS, Subject
from trimtab.server.operation import AnyOperation

log = logging.getLogger("trimtab.audit")
READS = ("GET", "HEAD", "OPTIONS")


class Entry:
    """What is known of a call so far; `write` says it, once, for everything that is not a read.

    A handler whose path does not say what it is about puts that into `request.state.audited`.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.subject: Subject = ANONYMOUS
        self.operation: AnyOperation | None = None
        self.params: Mapping[str, str] = {}

    def write(self, status: int, error: str) -> None:
        """A read is told of only where its handler says that it has written something (`state.audited`)."""
        request = self._request
        more = getattr(request.state, "audited", {})
        if request.method in READS and not more:
            return
        line = {
            "who": self.subject.name,
            "operation": self.operation.id if self.operation else "",
            "object": {**self.params, **more},
            "allowed": status not in (401, 403),
            "status": status,
            "error": error,
        }
        write_line(request, line)


def write_line(request: Request, line: Mapping[str, object]) -> None:
    """One line, beginning with `who`; from where and how come from the request."""
    origin = {"from": request.client.host if request.client else "", "method": request.method}
    log.info("%s", msgspec.json.encode({"who": line["who"], **origin, **line}).decode())
