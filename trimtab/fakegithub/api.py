"""The fake GitHub's REST API, as far as logging in asks: the person, their organisations and teams."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from aiohttp import web

from trimtab.fakegithub.world import Organisation, Team, Token, User, World

Answer = Callable[[web.Request, Token], Any]
PREFIX = "/api/v3"
LIMIT = 5000


class Api:
    """Below /api/v3, as on GitHub Enterprise."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._used: dict[str, int] = {}

    def routes(self) -> list[web.RouteDef]:
        table: dict[str, tuple[Answer, tuple[str, ...]]] = {
            "/user": (self._user, ()),
            "/user/emails": (self._emails, ("user:email", "user")),
            "/user/orgs": (self._orgs, ("read:org", "user")),
            "/user/teams": (self._teams, ("read:org", "repo", "user")),
            "/user/memberships/orgs": (self._memberships, ("read:org",)),
            "/user/memberships/orgs/{org}": (self._membership, ("read:org",)),
            "/orgs/{org}/teams/{slug}/memberships/{login}": (self._team_membership, ("read:org",)),
        }
        return [web.get(PREFIX + path, self._guarded(*line)) for path, line in table.items()]

    def _guarded(self, answer: Answer, scopes: tuple[str, ...]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            scheme, _, value = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() not in ("bearer", "token"):
                return _message(401, "Requires authentication")
            token = self._world.tokens.get(value)
            if token is None:
                return _message(401, "Bad credentials")
            if scopes and not set(scopes) & set(token.scopes):
                return _message(403, "This endpoint requires another scope.", self._headers(value, token))
            found = answer(request, token)
            return self._reply(request, found, self._headers(value, token))

        return handle

    def _headers(self, value: str, token: Token) -> dict[str, str]:
        used = self._used[value] = self._used.get(value, 0) + 1
        return {
            "X-OAuth-Scopes": ", ".join(token.scopes),
            "X-RateLimit-Limit": str(LIMIT),
            "X-RateLimit-Remaining": str(LIMIT - used),
            "X-GitHub-Media-Type": "github.v3; format=json",
        }

    def _reply(self, request: web.Request, found: Any, headers: dict[str, str]) -> web.Response:
        if found is None:
            return _message(404, "Not Found", headers)
        if isinstance(found, list):
            found = _page(request, found, headers)
        body = orjson.dumps(found)
        tag = f'W/"{hashlib.sha256(body).hexdigest()}"'
        headers["ETag"] = tag
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/json", headers=headers)

    def _user(self, _request: web.Request, token: Token) -> Any:
        user = self._world.users[token.user]
        return {**_short_user(user), "name": user.name or None, "email": user.email if user.public else None}

    def _emails(self, _request: web.Request, token: Token) -> Any:
        user = self._world.users[token.user]
        return [
            {"email": f"old-{user.email}", "primary": False, "verified": True, "visibility": None},
            {"email": user.email, "primary": True, "verified": True, "visibility": "private"},
        ]

    def _orgs(self, _request: web.Request, token: Token) -> Any:
        return [_short_org(one) for one, state in self._world.memberships(token.user) if state == "active"]

    def _teams(self, _request: web.Request, token: Token) -> Any:
        return [_team(team) for team in self._world.teams if token.user in team.members]

    def _memberships(self, request: web.Request, token: Token) -> Any:
        wanted = request.query.get("state", "")
        found = self._world.memberships(token.user)
        return [self._one(one, state, token) for one, state in found if wanted in ("", state)]

    def _membership(self, request: web.Request, token: Token) -> Any:
        organisation = self._world.organisations.get(request.match_info["org"])
        state = organisation.members.get(token.user) if organisation else None
        return self._one(organisation, state, token) if organisation and state else None

    def _team_membership(self, request: web.Request, token: Token) -> Any:
        """Only members of the organisation may look."""
        org, slug, login = (request.match_info[name] for name in ("org", "slug", "login"))
        organisation = self._world.organisations.get(org)
        if organisation is None or organisation.members.get(token.user) != "active":
            return None
        for team in self._world.teams:
            if team.organisation is organisation and team.slug == slug and login in team.members:
                return {"url": "", "role": "member", "state": organisation.members.get(login, "pending")}
        return None

    def _one(self, organisation: Organisation, state: str, token: Token) -> Any:
        return {
            "state": state,
            "role": "member",
            "organization": _short_org(organisation),
            "user": _short_user(self._world.users[token.user]),
        }


def _short_user(user: User) -> dict[str, Any]:
    return {"login": user.login, "id": user.id, "type": "User", "site_admin": False}


def _short_org(organisation: Organisation) -> dict[str, Any]:
    return {"login": organisation.login, "id": organisation.id, "description": None}


def _team(team: Team) -> dict[str, Any]:
    organisation = _short_org(team.organisation)
    return {"id": team.id, "name": team.name, "slug": team.slug, "privacy": "closed", "organization": organisation}


def _page(request: web.Request, items: Sequence[Any], headers: dict[str, str]) -> Sequence[Any]:
    size = min(int(request.query.get("per_page", "30")), 100)
    number = int(request.query.get("page", "1"))
    if number * size < len(items):
        following = request.url.update_query(page=number + 1)
        headers["Link"] = f'<{following}>; rel="next"'
    return items[(number - 1) * size : number * size]


def _message(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return web.json_response(body, status=status, headers=headers)
