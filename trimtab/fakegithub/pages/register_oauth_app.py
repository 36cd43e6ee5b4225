"""Registering an OAuth App: a form that a link may fill in, and the page with its id and secret."""

import dataclasses
import html
import secrets

from aiohttp import web

from trimtab.fakegithub.applications import OAuthApp
from trimtab.fakegithub.pages.page import form_of, log_in_first, missing, owns, page, person, redirect
from trimtab.fakegithub.world import World

FIELDS = {
    "oauth_application[name]": "Application name",
    "oauth_application[url]": "Homepage URL",
    "oauth_application[callback_url]": "Authorization callback URL",
}


class RegisterOAuthApp:
    """`…/settings/applications/new`, `…/settings/applications`, `…/settings/applications/{id}`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            route
            for base in ("/organizations/{org}/settings/applications", "/settings/applications")
            for route in (
                web.get(f"{base}/new", self.form),
                web.post(base, self.create),
                web.get(f"{base}/{{id}}", self.show),
                web.post(f"{base}/{{id}}", self.secret),
            )
        ]

    async def form(self, request: web.Request) -> web.Response:
        """Filled in from the query, for an owner to look over."""
        login = person(self._world, request)
        if not login:
            return log_in_first(request)
        if not owns(self._world, login, request.match_info.get("org", login)):
            return missing()
        fields = "".join(
            f'<label>{label} <input name="{name}" value="{html.escape(request.query.get(name, ""))}" required></label>'
            for name, label in FIELDS.items()
        )
        action = request.path.removesuffix("/new")
        body = f"<form method=post action={action}>{fields}<button>Register application</button></form>"
        return page("Register a new OAuth app", body)

    async def create(self, request: web.Request) -> web.Response:
        form, login = await form_of(request), person(self._world, request)
        owner = request.match_info.get("org", login)
        if not login or not owns(self._world, login, owner):
            return missing()
        name, url, callback = (form.get(field, "") for field in FIELDS)
        if not all((name, url, callback)):
            return page("Register a new OAuth app", "<p>Something is blank.", status=422)
        app = self._world.app(callback, name=name, url=url, owner=owner)
        return redirect(f"{request.path}/{app.id}")

    async def show(self, request: web.Request) -> web.Response:
        """The secret is made when somebody asks for it, and shown then only."""
        app = self._app(request)
        return missing() if app is None else self._page(app)

    async def secret(self, request: web.Request) -> web.Response:
        app = self._app(request)
        if app is None:
            return missing()
        renewed = dataclasses.replace(app, client_secret=secrets.token_hex(20))
        self._world.apps[app.client_id] = renewed
        return self._page(renewed, shown=f"<p>Client secret <code id=client-secret>{renewed.client_secret}</code>")

    def _page(self, app: OAuthApp, *, shown: str = "") -> web.Response:
        button = "<form method=post><button>Generate a new client secret</button></form>"
        return page(app.name, f"<p>Client ID <code id=client-id>{app.client_id}</code>{shown}{button}")

    def _app(self, request: web.Request) -> OAuthApp | None:
        login = person(self._world, request)
        for one in self._world.apps.values():
            if str(one.id) == request.match_info["id"] and login and owns(self._world, login, one.owner):
                return one
        return None
