"""A line of the audit log for every login by single sign-on, let in or not."""

import logging

import msgspec
from starlette.requests import Request

log = logging.getLogger("trimtab.audit")


def audit_login(request: Request, *, who: str, connector: str, status: int, error: str = "") -> None:
    """`who` is the user id, as RBAC knows it; "" when it did not come out."""
    line = {
        "who": who,
        "from": request.client.host if request.client else "",
        "method": request.method,
        "operation": "Trimtab_LoginCallback",
        "object": {"connector": connector},
        "allowed": status < 400,
        "status": status,
        "error": error,
    }
    log.info("%s", msgspec.json.encode(line).decode())
