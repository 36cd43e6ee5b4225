"""How GitHub says no."""

from collections.abc import Mapping, Sequence
from typing import Any


class Refusal(Exception):
    """An answer that is an error. `errors`: what is wrong with which field."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Any] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Any]:
        documentation = "https://docs.github.com/rest"
        errors = {"errors": list(self.errors)} if self.errors else {}
        return {"message": self.message, **errors, "documentation_url": documentation, "status": str(self.status)}


def not_found() -> Refusal:
    """What is not there, or not for the caller to know of."""
    return Refusal(404, "Not Found")


def invalid(resource: str, field: str, message: str = "", *, code: str = "custom") -> Refusal:
    """422, for one field."""
    said = {"message": message} if message else {}
    where = {"field": field} if field else {}
    return Refusal(422, "Validation Failed", errors=[{"resource": resource, "code": code, **where, **said}])
