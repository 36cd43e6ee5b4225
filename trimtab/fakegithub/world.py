"""What the fake GitHub knows: people, organisations, teams, applications, and the tokens that it handed out."""

import secrets
from dataclasses import dataclass, field

from trimtab.clock import Clock

CODE_SECONDS = 600


@dataclass
class User:
    """`email` is shown to everybody when `public`."""

    id: int
    login: str
    name: str = ""
    email: str = ""
    public: bool = True


@dataclass
class Organisation:
    """`members`: state (`active`, `pending`) by login."""

    id: int
    login: str
    members: dict[str, str] = field(default_factory=dict)


@dataclass
class Team:
    """A team of one organisation."""

    id: int
    organisation: Organisation
    slug: str
    name: str
    members: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class OAuthApp:
    """A registered application."""

    client_id: str
    client_secret: str
    callback: str


@dataclass
class Grant:
    """A code: good for one exchange, for ten minutes."""

    app: OAuthApp
    user: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    expires_at: float


@dataclass(frozen=True)
class Token:
    """An access token and what it may read."""

    user: str
    scopes: tuple[str, ...]


class World:
    """All of it, with the few words that tests say about it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.users: dict[str, User] = {}
        self.organisations: dict[str, Organisation] = {}
        self.teams: list[Team] = []
        self.apps: dict[str, OAuthApp] = {}
        self.grants: dict[str, Grant] = {}
        self.tokens: dict[str, Token] = {}
        self._ids = iter(range(1001, 1_000_000))

    def user(self, login: str, **details: str | bool) -> User:
        """Somebody registers."""
        self.users[login] = User(id=next(self._ids), login=login, **details)  # type: ignore[arg-type]
        return self.users[login]

    def organisation(self, login: str, *members: str, pending: tuple[str, ...] = ()) -> Organisation:
        """Somebody registers an organisation; the name has to be free."""
        assert login not in self.organisations, f"{login} is taken"
        states = dict.fromkeys(members, "active") | dict.fromkeys(pending, "pending")
        self.organisations[login] = Organisation(next(self._ids), login, states)
        return self.organisations[login]

    def team(self, organisation: str, name: str, *members: str) -> Team:
        """A team; its slug is made of its name."""
        slug = name.lower().replace(" ", "-")
        team = Team(next(self._ids), self.organisations[organisation], slug, name, set(members))
        self.teams.append(team)
        return team

    def remove(self, organisation: str, login: str) -> None:
        """Somebody is removed from an organisation, and so from its teams."""
        del self.organisations[organisation].members[login]
        for team in self.teams:
            if team.organisation.login == organisation:
                team.members.discard(login)

    def rename(self, organisation: str, login: str) -> None:
        """An organisation takes another name; the old one is free."""
        found = self.organisations.pop(organisation)
        found.login = login
        self.organisations[login] = found

    def app(self, callback: str) -> OAuthApp:
        """An application is registered."""
        app = OAuthApp(f"Ov23{secrets.token_hex(8)}", secrets.token_hex(20), callback)
        self.apps[app.client_id] = app
        return app

    def grant(self, app: OAuthApp, user: str, *, redirect_uri: str, scope: str, challenge: str) -> str:
        """Consent: the code that the browser carries back."""
        code = secrets.token_hex(10)
        expires_at = self.clock.monotonic() + CODE_SECONDS
        scopes = tuple(scope.replace(",", " ").split())
        self.grants[code] = Grant(app, user, redirect_uri, scopes, challenge, expires_at)
        return code

    def redeem(self, code: str) -> Grant | None:
        """The grant of a code, once, while it is good."""
        grant = self.grants.pop(code, None)
        return grant if grant is not None and self.clock.monotonic() < grant.expires_at else None

    def token(self, user: str, *scopes: str) -> str:
        """A new token."""
        token = f"gho_{secrets.token_hex(18)}"
        self.tokens[token] = Token(user, scopes)
        return token

    def revoke(self, user: str) -> None:
        """A person takes the application's access back."""
        self.tokens = {token: one for token, one in self.tokens.items() if one.user != user}

    def memberships(self, user: str) -> list[tuple[Organisation, str]]:
        """(organisation, state) of each that somebody is in or invited to."""
        found = self.organisations.values()
        return [(one, one.members[user]) for one in found if user in one.members]
