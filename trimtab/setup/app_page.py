"""The one page of set-up, on loopback: it sends the browser to GitHub and takes what GitHub sends back.

    GET /             to the next click: GitHub's form for the App (filled in), its installation, its authorization
    GET /created      GitHub: ?code&state, exchanged for the App and its keys
    GET /installed    GitHub: ?installation_id&setup_action
    GET /authorized   GitHub: ?code&state, exchanged for who it is

Whatever is left out can be done later: `/` begins where things stand. Only a browser on this machine reaches it.
"""

import asyncio
import contextlib
import secrets
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Handler

from trimtab.environment.github_app import app_manifest, app_name
from trimtab.environment.plan import Line
from trimtab.errors import Retry, Stalled, TrimtabError
from trimtab.github.app import convert_manifest
from trimtab.github.errors import NotFound
from trimtab.github.nouns import NewApp
from trimtab.loopback import serving_on_loopback
from trimtab.setup import pages
from trimtab.setup.app_person import authorization_url, identify
from trimtab.setup.app_record import deletion_page, installation_page, keep_app, keep_new_app, refuse_strange
from trimtab.setup.app_state import installed
from trimtab.setup.job import Job

LOOK_AGAIN = 3.0


class AppPage:
    """Use as `async with AppPage(job) as page`; `finished()` returns when all clicks are done."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._state = secrets.token_urlsafe(24)
        self._verifier = secrets.token_urlsafe(48)
        self._done = asyncio.Event()
        self._creating = asyncio.Lock()
        self._taken: set[str] = set()
        self._said: set[str] = set()
        self._exits = contextlib.AsyncExitStack()
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._guarded])
        app.add_routes(
            [
                web.get("/", self._begin),
                web.get("/created", self._created),
                web.get("/installed", self._installed),
                web.get("/authorized", self._authorized),
            ]
        )
        self._port = await self._listen(app)
        return self

    async def _listen(self, app: web.Application) -> int:
        """Where the App sends browsers back to: at the port of the run that made it, if that is free."""
        wanted = self._job.options.page_port
        if not wanted:
            with contextlib.suppress(OSError, ValueError, OverflowError):
                return await self._serve(app, port=int(self._job.facts.app.get("pagePort", "")))
        try:
            return await self._serve(app, port=wanted)
        except OSError as error:
            raise Stalled(f"port {wanted} is taken: give another --port, or none", reason="PortTaken") from error

    async def _serve(self, app: web.Application, *, port: int) -> int:
        return await self._exits.enter_async_context(serving_on_loopback(app, port=port, patience=1.0))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    async def finished(self) -> None:
        """Raises Stalled when nobody has clicked for a long time; what was clicked until then counts."""
        watching = asyncio.create_task(self._watch_installation(), name="installation")
        try:
            async with asyncio.timeout(self._job.options.click_patience):
                await self._done.wait()
        except TimeoutError as error:
            raise Stalled(
                "nobody has finished the clicks in the browser: run this again, it goes on where it stands",
                reason="NotClicked",
            ) from error
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """No other site may lead a name of its own here, and no error ends the page."""
        if request.host != f"127.0.0.1:{self._port}":
            raise web.HTTPMisdirectedRequest
        try:
            return await handler(request)
        except TrimtabError as error:
            self._say(error.message)
            again = request.path_qs if isinstance(error, Retry) else "/"
            return _html(pages.trouble(error.message, again=again), status=502)

    def _say(self, text: str) -> None:
        """Once: a page that waits comes back every few seconds."""
        if text not in self._said:
            self._said.add(text)
            self._job.terminal.say(text)

    async def _begin(self, _request: web.Request) -> web.StreamResponse:
        job = self._job
        if not job.facts.app.get("privateKey"):
            manifest = app_manifest(job.env, cluster=job.facts.cluster_id, page=self.url)
            return _html(pages.create_app(_creation_url(job, self._state), manifest))
        if await installed(job) is None:
            raise web.HTTPFound(f"{installation_page(job)}?{urlencode({'state': self._state})}")
        await keep_app(job)
        if job.env.login.type == "githubApp" and not job.facts.app.get("createdBy"):
            raise web.HTTPFound(authorization_url(job, page=self.url, state=self._state, verifier=self._verifier))
        self._done.set()
        return _html(pages.done(job.env.name))

    async def _created(self, request: web.Request) -> web.StreamResponse:
        self._check_state(request)
        code = request.query.get("code", "")
        async with self._creating:
            if code not in self._taken:
                await self._take(code)
        raise web.HTTPFound("/")

    async def _take(self, code: str) -> None:
        """The App of a code, which GitHub gives once. One of a second tab is not needed."""
        made = await self._converted(code)
        self._taken.add(code)
        if self._job.facts.app.get("privateKey"):
            page = deletion_page(self._job, made.slug)
            self._say(f"A second GitHub App was made, {made.slug}, which is not needed: delete it at {page}")
            return
        refuse_strange(self._job, made)
        await keep_new_app(self._job, made, page_port=self._port)
        self._job.terminal.done(Line("create", f"GitHub App {made.slug}"))

    async def _converted(self, code: str) -> NewApp:
        try:
            return await convert_manifest(await self._job.as_nobody(), code)
        except NotFound as error:
            name = app_name(self._job.env, self._job.facts.cluster_id)
            raise Stalled(
                f"GitHub gives the keys of a new App once, within an hour, and not again: delete the App at "
                f"{deletion_page(self._job, name)}, then open {self.url} again",
                reason="NoKeys",
            ) from error

    async def _installed(self, request: web.Request) -> web.StreamResponse:
        """What the query says is not believed: GitHub is asked where the App is installed."""
        if await installed(self._job) is not None:
            raise web.HTTPFound("/")
        if request.query.get("setup_action") == "request":
            self._say(f"An owner of {self._job.env.organization} has to approve the installation.")
            return _html(pages.waiting("An owner of the organization has been asked to approve the installation."))
        self._say(f"The App is installed, but not for {self._job.env.full_name}: add that repository to it.")
        return _html(pages.elsewhere(self._job.env.full_name, installation_page(self._job)))

    async def _authorized(self, request: web.Request) -> web.StreamResponse:
        self._check_state(request)
        if request.query.get("error"):
            return _html(pages.trouble("GitHub says that you did not authorize the App."), status=403)
        person = await identify(self._job, request.query.get("code", ""), page=self.url, verifier=self._verifier)
        await keep_app(self._job, createdBy=person)
        self._job.facts.person = person
        raise web.HTTPFound("/")

    def _check_state(self, request: web.Request) -> None:
        if not secrets.compare_digest(request.query.get("state", ""), self._state):
            raise Stalled(f"this page is of another set-up: open {self.url} again", reason="OtherState")

    async def _watch_installation(self) -> None:
        """An owner approves in another browser: then nothing comes back here."""
        while True:
            await self._job.clock.sleep(LOOK_AGAIN)
            if not self._job.facts.app.get("privateKey"):
                continue
            try:
                if await installed(self._job) is None:
                    continue
                await keep_app(self._job)
            except TrimtabError:
                continue
            self._job.terminal.done(Line("create", f"installation for {self._job.env.full_name}"))
            if self._job.env.login.type != "githubApp" or self._job.facts.app.get("createdBy"):
                # A browser that is on its way back here still finds the page.
                await self._job.clock.sleep(LOOK_AGAIN)
                self._done.set()
            else:
                self._say(f"Go on at {self.url}")
            return


def _creation_url(job: Job, state: str) -> str:
    address = f"{job.env.web_url}/organizations/{job.env.organization}/settings/apps/new"
    return f"{address}?{urlencode({'state': state})}"


def _html(text: str, *, status: int = 200) -> web.Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": pages.POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)
