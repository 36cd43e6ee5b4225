"""One call of an operation: who calls, what they ask, and what they may."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from msgspec import Struct
from starlette.requests import Request

from trimtab.access.enforcer import Judge
from trimtab.access.subject import Subject
from trimtab.server.failures import denied
from trimtab.server.served import Served

Q = TypeVar("Q")
B = TypeVar("B")


class Call(Struct, Generic[Q, B], kw_only=True):
    """What a handler gets. `params`: the path's, decoded. `checked` is set by every question about rights; a call that
    ends without one is refused (`asgi.py`), so that no handler can forget.
    """

    served: Served
    subject: Subject
    params: Mapping[str, str]
    query: Q
    body: B
    request: Request
    checked: bool = False

    def may(self, resource: str, action: str, object_: str) -> bool:
        """Does RBAC allow it? `object_` is what policies name: `PROJECT/APPLICATION`, a URL, …"""
        return self.judge(resource, action)(object_)

    def judge(self, resource: str, action: str) -> Judge:
        """The same question for many objects."""
        self.checked = True
        return self.served.enforcer().judge(self.subject, resource, action)

    def require(self, resource: str, action: str, object_: str) -> None:
        """Raises Failure (403) with Argo CD's text when it is not allowed."""
        if not self.may(resource, action, object_):
            who = f", sub: {self.subject.name}" if self.subject.name else ""
            raise denied(f"permission denied: {resource}, {action}, {object_}{who}")
