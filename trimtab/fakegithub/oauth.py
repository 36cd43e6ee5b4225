"""The fake GitHub's OAuth web flow: the page that asks for consent, and the exchange of the code for a token."""

import hashlib
import html
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from trimtab.fakegithub.world import Grant, OAuthApp, World

ASKED = ("client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")


class OAuth:
    """`GET` and `POST /login/oauth/authorize`, `POST /login/oauth/access_token`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/login/oauth/authorize", self.page),
            web.post("/login/oauth/authorize", self.decide),
            web.post("/login/oauth/access_token", self.exchange),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Who are you, and may this application know?"""
        app, refusal = self._app(request.query)
        if app is None:
            return refusal
        hidden = "".join(_hidden(name, request.query.get(name, "")) for name in ASKED)
        people = "".join(
            f"<button name=user value={login}>Authorize as {login}</button>" for login in self._world.users
        )
        body = f"<form method=post>{hidden}{people}<button name=cancel value=1>Cancel</button></form>"
        return web.Response(text=f"<!doctype html><title>Authorize</title>{body}", content_type="text/html")

    async def decide(self, request: web.Request) -> web.Response:
        """Back to the application, with a code or without."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        app, refusal = self._app(form)
        if app is None:
            return refusal
        redirect_uri = form.get("redirect_uri") or app.callback
        if form.get("cancel"):
            return _back(redirect_uri, error="access_denied", error_description="The user denied it.", **_state(form))
        if form.get("code_challenge") and form.get("code_challenge_method") != "S256":
            return _back(redirect_uri, error="invalid_request", **_state(form))
        code = self._world.grant(
            app,
            form["user"],
            redirect_uri=redirect_uri,
            scope=form.get("scope", ""),
            challenge=form.get("code_challenge", ""),
        )
        return _back(redirect_uri, code=code, **_state(form))

    async def exchange(self, request: web.Request) -> web.Response:
        """A code for a token. Failures have status 200, too."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        assert "_gh_sess" not in request.cookies, "somebody else's cookie"
        answer = self._exchanged(form)
        if "application/json" in request.headers.get("Accept", ""):
            response = web.json_response(answer)
            # GitHub sets cookies everywhere; an application that sends them back mixes people up.
            response.set_cookie("_gh_sess", form.get("code", ""))
            return response
        return web.Response(text=urlencode(answer), content_type="application/x-www-form-urlencoded")

    def _exchanged(self, form: Mapping[str, str]) -> dict[str, str]:
        app = self._world.apps.get(form.get("client_id", ""))
        if app is None or form.get("client_secret") != app.client_secret:
            return _error("incorrect_client_credentials")
        grant = self._world.redeem(form.get("code", ""))
        if grant is None or grant.app is not app or not _proved(grant, form.get("code_verifier", "")):
            return _error("bad_verification_code")
        if form.get("redirect_uri", grant.redirect_uri) != grant.redirect_uri:
            return _error("redirect_uri_mismatch")
        token = self._world.token(grant.user, *grant.scopes)
        return {"access_token": token, "scope": ",".join(grant.scopes), "token_type": "bearer"}

    def _app(self, query: Mapping[str, str]) -> tuple[OAuthApp | None, web.Response]:
        app = self._world.apps.get(query.get("client_id", ""))
        if app is None:
            return None, web.Response(status=404, text="Not Found")
        redirect_uri = query.get("redirect_uri") or app.callback
        if not _below(redirect_uri, app.callback):
            return None, _back(app.callback, error="redirect_uri_mismatch", **_state(query))
        return app, web.Response()


def _below(uri: str, registered: str) -> bool:
    """Scheme, host and port have to be the same, the path the same or below."""
    ours, theirs = urlsplit(registered), urlsplit(uri)
    same = (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)
    return same and f"{theirs.path.rstrip('/')}/".startswith(f"{ours.path.rstrip('/')}/") and ".." not in theirs.path


def _proved(grant: Grant, verifier: str) -> bool:
    """PKCE is optional; who begins with it has to end with it."""
    if not grant.challenge:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode() == grant.challenge


def _back(uri: str, **query: str) -> web.Response:
    return web.Response(status=302, headers={"Location": f"{uri}?{urlencode(query)}"})


def _state(query: Mapping[str, str]) -> dict[str, str]:
    return {"state": query["state"]} if query.get("state") else {}


def _hidden(name: str, value: str) -> str:
    return f'<input type=hidden name={name} value="{html.escape(value)}">'


def _error(name: str) -> dict[str, str]:
    return {"error": name, "error_description": "The request is wrong.", "error_uri": "https://docs.github.com"}
