"""The way of every call: route, who, may they, answer, page, tag, limits."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from aiohttp import web

from trimtab.fakegithub.api import (
    apps,
    comments,
    contents,
    deployments,
    git,
    hooks,
    keys,
    meta,
    orgs,
    pulls,
    repos,
    statuses,
    users,
)
from trimtab.fakegithub.api.call import Answer, Call, Route, Who
from trimtab.fakegithub.api.caller import Caller, identify
from trimtab.fakegithub.api.limits import Limits
from trimtab.fakegithub.api.refusal import Refusal, not_found
from trimtab.fakegithub.credentials import Kind, Token, with_implied
from trimtab.fakegithub.repository import Repository
from trimtab.fakegithub.rights import may, restricted, sees
from trimtab.fakegithub.world import World

VERSIONS = ("2022-11-28", "2026-03-10")
NOUNS = (apps, comments, contents, deployments, git, hooks, keys, meta, orgs, pulls, statuses, repos, users)
"""What is said of a commit comes before the commit, whose name may hold slashes."""

ROUTES: tuple[Route, ...] = tuple(route for noun in NOUNS for route in noun.ROUTES)
_SUBJECTS = {
    Kind.INSTALLATION: "integration",
    Kind.USER: "integration",
    Kind.FINE_GRAINED: "personal access token",
}


class Service:
    """All routes, below the site's prefix."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._limits = Limits(world)

    def routes(self) -> list[web.RouteDef]:
        prefix = self._world.site.prefix
        return [web.route(one.method, prefix + one.path, self._served(one)) for one in ROUTES]

    def _served(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            caller = Caller()
            try:
                _check_headers(request)
                caller = identify(self._world, request.headers.get("Authorization", ""))
                self._limits.count(caller)
                answer = self._answered(route, request, caller, await request.read())
                response = self._reply(request, answer, self._headers(caller))
                if response.status == 304:
                    self._limits.forgive(caller)
                return response
            except Refusal as refusal:
                headers = {**self._headers(caller), **_accepted(route), **refusal.headers}
                return web.json_response(refusal.body, status=refusal.status, headers=headers)

        return handle

    def _answered(self, route: Route, request: web.Request, caller: Caller, content: bytes) -> Answer:
        _admit(route, caller)
        repository = None
        if "{repo}" in route.path:
            repository = self._world.find_repository("{owner}/{repo}".format_map(request.match_info))
            if route.who is not Who.APP:
                repository = self._allowed(route, caller.token, repository)
            if repository is None:
                raise not_found()
        try:
            body = orjson.loads(content) if content else {}
        except orjson.JSONDecodeError:
            raise Refusal(400, "Problems parsing JSON") from None
        if not isinstance(body, dict):
            raise Refusal(400, "Body should be a JSON object")
        call = Call(self._world, caller, request.match_info, request.query, body, repository)
        found = route.answer(call)
        return found if isinstance(found, Answer) else Answer(found)

    def _allowed(self, route: Route, token: Token | None, repository: Repository | None) -> Repository | None:
        """None for what the caller may not know of. Raises Refusal for what they may not do with what they see."""
        if repository is None:
            return None
        if token is not None and self._world.role(token.user, repository) and repository.private:
            _let_in(self._world, token, repository.owner)
        if not sees(self._world, token, repository):
            return None
        names, _, level = route.permission.partition(":")
        if any(may(self._world, token, repository, permission=name, level=level) for name in names.split("|")):
            if level == "write" and repository.archived:
                raise Refusal(403, "Repository was archived so is read-only.")
            return repository
        if token is not None and not token.kind.scoped:
            raise Refusal(403, f"Resource not accessible by {_SUBJECTS[token.kind]}")
        return None

    def _headers(self, caller: Caller) -> dict[str, str]:
        token = caller.token
        headers = {**self._limits.headers(caller), "X-GitHub-Media-Type": "github.v3; format=json"}
        if token is not None and token.kind.scoped:
            headers["X-OAuth-Scopes"] = ", ".join(token.scopes)
        if token is not None and token.kind in (Kind.CLASSIC, Kind.FINE_GRAINED) and token.expires_at:
            headers["GitHub-Authentication-Token-Expiration"] = f"{token.expires_at:%Y-%m-%d %H:%M:%S UTC}"
        return headers

    def _reply(self, request: web.Request, answer: Answer, headers: dict[str, str]) -> web.Response:
        if answer.status == 204:
            return web.Response(status=204, headers=headers)
        headers |= answer.headers
        body = orjson.dumps(_paged(request, answer.body, headers))
        if request.method == "GET":
            tag = f'W/"{hashlib.sha256(body).hexdigest()}"'
            headers["ETag"] = tag
            if request.headers.get("If-None-Match") == tag:
                return web.Response(status=304, headers=headers)
        return web.Response(body=body, status=answer.status, content_type="application/json", headers=headers)


def _check_headers(request: web.Request) -> None:
    """Raises Refusal for a client that does not say who it is, or asks for an API that never was."""
    if not request.headers.get("User-Agent"):
        raise Refusal(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent.")
    version = request.headers.get("X-GitHub-Api-Version", VERSIONS[0])
    if version not in VERSIONS:
        raise Refusal(400, f'"{version}" is not a supported version.')


def _admit(route: Route, caller: Caller) -> None:
    """Raises Refusal for who may not call this at all."""
    token = caller.token
    if route.who is Who.APP:
        if caller.app is None:
            raise Refusal(401, "A JSON web token could not be decoded")
        return
    if route.who is Who.ANYBODY:
        return
    if token is None:
        raise Refusal(401, "Requires authentication" if caller.app is None else "Bad credentials")
    if (route.who is Who.INSTALLATION) != (token.kind is Kind.INSTALLATION) and route.who is not Who.TOKEN:
        raise Refusal(403, "Resource not accessible by integration")
    if route.scopes and token.kind.scoped and not set(route.scopes) & with_implied(token.scopes):
        raise Refusal(403, "This endpoint requires another scope.")


def _let_in(world: World, token: Token, account: str) -> None:
    if restricted(world, token, account):
        raise Refusal(
            403,
            f"Although you appear to have the correct authorization credentials, the `{account}` organization has"
            " enabled OAuth App access restrictions, meaning that data access to third-parties is limited.",
        )


def _accepted(route: Route) -> dict[str, str]:
    if not route.permission:
        return {"X-Accepted-OAuth-Scopes": ", ".join(route.scopes)} if route.scopes else {}
    names, _, level = route.permission.partition(":")
    return {"X-Accepted-GitHub-Permissions": "; ".join(f"{name}={level}" for name in names.split("|"))}


def _paged(request: web.Request, body: Any, headers: dict[str, str]) -> Any:
    """One page of a list, or of the list in an object that counts."""
    if isinstance(body, list):
        return _page(request, body, headers)
    if isinstance(body, dict) and "total_count" in body:
        name = next(key for key, value in body.items() if isinstance(value, list))
        return {**body, name: _page(request, body[name], headers)}
    return body


def _page(request: web.Request, items: Sequence[Any], headers: dict[str, str]) -> Sequence[Any]:
    size, number = min(_number(request, "per_page", 30), 100), _number(request, "page", 1)
    last = max(1, -(-len(items) // size))
    back, on = {"prev": number - 1, "first": 1}, {"next": number + 1, "last": last}
    links = (back if number > 1 else {}) | (on if number < last else {})
    shown = [f'<{request.url.update_query(page=page)}>; rel="{name}"' for name, page in links.items()]
    if shown:
        headers["Link"] = ", ".join(shown)
    return items[(number - 1) * size : number * size]


def _number(request: web.Request, name: str, default: int) -> int:
    """What is none counts as not given."""
    given = request.query.get(name, "")
    return int(given) if given.isdigit() and int(given) else default
