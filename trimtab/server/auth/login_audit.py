"""A line of the audit log for every login by single sign-on, let in or not."""

from starlette.requests import Request

from trimtab.server.audit import write_line


def audit_login(request: Request, *, who: str, connector: str, status: int, error: str = "") -> None:
    """`who` is the user id, as RBAC knows it; "" when it did not come out."""
    line = {
        "who": who,
        "operation": "Trimtab_LoginCallback",
        "object": {"connector": connector},
        "allowed": status < 400,
        "status": status,
        "error": error,
    }
    write_line(request, line)
