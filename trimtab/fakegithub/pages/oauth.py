"""The OAuth web flow: the page that asks for consent, and the exchange of the code for a token."""

import hashlib
import html
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from trimtab.fakegithub.applications import GitHubApp, Grant, OAuthApp
from trimtab.fakegithub.credentials import REFRESH_SECONDS, USER_SECONDS
from trimtab.fakegithub.pages.login import remember
from trimtab.fakegithub.pages.page import form_of, hidden, missing, page, person, redirect
from trimtab.fakegithub.world import World

ASKED = ("client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")
Application = OAuthApp | GitHubApp


class OAuth:
    """`GET` and `POST /login/oauth/authorize`, `POST /login/oauth/access_token`; OAuth Apps and GitHub Apps alike."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/login/oauth/authorize", self.page),
            web.post("/login/oauth/authorize", self.decide),
            web.post("/login/oauth/access_token", self.exchange),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Who are you, and may this application know? Who has allowed it before is not asked again."""
        app, refusal = self._app(request.query)
        if app is None:
            return refusal
        login, query = person(self._world, request), dict(request.query)
        allowed = self._world.authorised.get((login, app.client_id))
        wanted = set(query.get("scope", "").replace(",", " ").split())
        if login and allowed is not None and (isinstance(app, GitHubApp) or wanted <= allowed):
            return self._granted(app, login, query)
        people = "".join(
            f"<button name=user value={one}>Authorize as {html.escape(one)}</button>"
            for one in ([login] if login else self._world.users)
        )
        travels = hidden({name: query.get(name, "") for name in ASKED})
        return page(
            f"Authorize {app.name or 'an application'}",
            f"<p>{html.escape(app.name or 'It')} wants to know who you are, and in which organizations and teams."
            f"<form method=post>{travels}{people}<button name=cancel value=1>Cancel</button></form>",
        )

    async def decide(self, request: web.Request) -> web.Response:
        """Back to the application, with a code or without."""
        form = await form_of(request)
        app, refusal = self._app(form)
        if app is None:
            return refusal
        if form.get("cancel"):
            where = form.get("redirect_uri") or _callbacks(app)[0]
            said = "The user denied it."
            return redirect(where, error="access_denied", error_description=said, state=form.get("state", ""))
        if form.get("user") not in self._world.users:
            return missing()
        response = self._granted(app, form["user"], form)
        if not person(self._world, request):
            remember(self._world, response, form["user"])
        return response

    async def exchange(self, request: web.Request) -> web.Response:
        """A code for a token. Failures have status 200, too."""
        form = await form_of(request)
        assert "_gh_sess" not in request.cookies, "somebody else's cookie"
        answer = self._exchanged(form)
        if "application/json" in request.headers.get("Accept", ""):
            response = web.json_response(answer)
            # GitHub sets cookies everywhere; an application that sends them back mixes people up.
            response.set_cookie("_gh_sess", form.get("code", ""))
            return response
        return web.Response(text=urlencode(answer), content_type="application/x-www-form-urlencoded")

    def _granted(self, app: Application, login: str, form: Mapping[str, str]) -> web.Response:
        where, state = form.get("redirect_uri") or _callbacks(app)[0], form.get("state", "")
        challenge = form.get("code_challenge", "")
        if challenge and form.get("code_challenge_method") != "S256":
            return redirect(where, error="invalid_request", state=state)
        code = self._world.grant(app, login, redirect_uri=where, scope=form.get("scope", ""), challenge=challenge)
        return redirect(where, code=code, state=state)

    def _exchanged(self, form: Mapping[str, str]) -> dict[str, str | int]:
        app = self._world.application(form.get("client_id", ""))
        if app is None or form.get("client_secret") != app.client_secret:
            return _error("incorrect_client_credentials")
        if form.get("grant_type") == "refresh_token":
            return self._refreshed(app, form.get("refresh_token", ""))
        grant = self._world.redeem(form.get("code", ""))
        if grant is None or grant.app is not app or not _proved(grant, form.get("code_verifier", "")):
            return _error("bad_verification_code")
        if form.get("redirect_uri", grant.redirect_uri) != grant.redirect_uri:
            return _error("redirect_uri_mismatch")
        if isinstance(app, GitHubApp):
            return self._user_token(app, grant.user)
        token = self._world.token(grant.user, *grant.scopes, app=app.client_id)
        return {"access_token": token, "scope": ",".join(grant.scopes), "token_type": "bearer"}

    def _refreshed(self, app: Application, value: str) -> dict[str, str | int]:
        found = self._world.refreshes.pop(value, None)
        if found is None or found.app is not app or self._world.clock.monotonic() >= found.expires_at:
            return _error("bad_refresh_token")
        return self._user_token(found.app, found.user)

    def _user_token(self, app: GitHubApp, user: str) -> dict[str, str | int]:
        token, refresh = self._world.user_token(app, user)
        return {
            "access_token": token,
            "expires_in": USER_SECONDS,
            "refresh_token": refresh,
            "refresh_token_expires_in": REFRESH_SECONDS,
            "scope": "",
            "token_type": "bearer",
        }

    def _app(self, query: Mapping[str, str]) -> tuple[Application | None, web.Response]:
        app = self._world.application(query.get("client_id", ""))
        if app is None or not _callbacks(app):
            return None, web.Response(status=404, text="Not Found")
        wanted = query.get("redirect_uri") or _callbacks(app)[0]
        if not any(_matches(app, wanted, one) for one in _callbacks(app)):
            mismatch = redirect(_callbacks(app)[0], error="redirect_uri_mismatch", state=query.get("state", ""))
            return None, mismatch
        return app, web.Response()


def _callbacks(app: Application) -> tuple[str, ...]:
    return app.callback_urls if isinstance(app, GitHubApp) else (app.callback,)


def _matches(app: Application, uri: str, registered: str) -> bool:
    """Of a GitHub App exactly; of an OAuth App the path may be below. On loopback, any port will do.

    https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#redirect-urls
    """
    ours, theirs = urlsplit(registered), urlsplit(uri)
    loopback = ours.hostname in ("127.0.0.1", "::1")
    hosts = (ours.hostname, theirs.hostname) if loopback else (ours.netloc, theirs.netloc)
    if ours.scheme != theirs.scheme or hosts[0] != hosts[1] or ".." in theirs.path:
        return False
    if isinstance(app, GitHubApp):
        return ours.path == theirs.path
    return f"{theirs.path.rstrip('/')}/".startswith(f"{ours.path.rstrip('/')}/")


def _proved(grant: Grant, verifier: str) -> bool:
    """PKCE is optional; who begins with it has to end with it."""
    if not grant.challenge:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode() == grant.challenge


def _error(name: str) -> dict[str, str | int]:
    return {"error": name, "error_description": "The request is wrong.", "error_uri": "https://docs.github.com"}
