"""Logging in: one button a person, no passwords."""

import html

from aiohttp import web

from trimtab.fakegithub.pages.page import COOKIE, form_of, hidden, missing, page, redirect
from trimtab.fakegithub.world import World


class Login:
    """`GET` and `POST /login`, `/logout`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/login", self.show), web.post("/login", self.enter), web.get("/logout", self.leave)]

    async def show(self, request: web.Request) -> web.Response:
        people = "".join(
            f'<p><button name=login value="{html.escape(login)}">Sign in as {html.escape(login)}</button></p>'
            for login in self._world.users
        )
        back = hidden({"return_to": request.query.get("return_to", "/")})
        return page("Sign in to GitHub", f"<form method=post action=/login>{back}{people}</form>")

    async def enter(self, request: web.Request) -> web.Response:
        form = await form_of(request)
        if form.get("login") not in self._world.users:
            return missing()
        target = form.get("return_to", "/")
        response = redirect(target if target.startswith("/") and not target.startswith("//") else "/")
        remember(self._world, response, form["login"])
        return response

    async def leave(self, request: web.Request) -> web.Response:
        self._world.sessions.pop(request.cookies.get(COOKIE, ""), None)
        return redirect("/login")


def remember(world: World, response: web.Response, login: str) -> None:
    """The cookie of a session."""
    response.set_cookie(COOKIE, world.log_in(login), httponly=True, samesite="Lax")
