"""One call of the API, and the line of a table that answers it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from trimtab.fakegithub.api.caller import Caller
from trimtab.fakegithub.api.refusal import not_found
from trimtab.fakegithub.credentials import Token
from trimtab.fakegithub.repository import Repository
from trimtab.fakegithub.world import World


class Who(Enum):
    """Who may call a route."""

    ANYBODY = auto()
    TOKEN = auto()
    PERSON = auto()
    INSTALLATION = auto()
    APP = auto()
    """By a JWT."""


@dataclass(frozen=True)
class Answer:
    """`body`: JSON; None for no body at all."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


NOTHING = Answer(None, 204)


def created(body: Any) -> Answer:
    """201, and where it is."""
    return Answer(body, 201, {"Location": body["url"]} if "url" in body else {})


@dataclass(frozen=True)
class Call:
    """`body`: what was sent, {} for nothing. `found`: the repository of the path."""

    world: World
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    found: Repository | None = None

    @property
    def repository(self) -> Repository:
        assert self.found, "this route has no repository"
        return self.found

    @property
    def token(self) -> Token:
        assert self.caller.token, "this route needs no token"
        return self.caller.token

    @property
    def actor(self) -> str:
        """Whose doing it is, `slug[bot]` for an installation's."""
        if self.token.user:
            return self.token.user
        app = self.world.application(self.token.app)
        return f"{getattr(app, 'slug', 'ghost')}[bot]"

    def number(self, name: str) -> int:
        """A number of the path. Raises Refusal for what is none."""
        if not self.path[name].isdigit():
            raise not_found()
        return int(self.path[name])


@dataclass(frozen=True)
class Route:
    """`answer` gives an `Answer`, or a body for status 200.

    `permission`: what a token needs in the repository of the path, like `contents:write`; of `a|b:write`, one.
    `scopes`: where there is no repository, what a token with scopes needs, any one of them.
    """

    method: str
    path: str
    answer: Callable[[Call], Any]
    who: Who = Who.TOKEN
    permission: str = ""
    scopes: tuple[str, ...] = ()
