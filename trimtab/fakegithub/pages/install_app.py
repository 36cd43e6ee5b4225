"""Installing a GitHub App: which account, which repositories; who is no owner asks for it."""

import html

from aiohttp import web

from trimtab.fakegithub.applications import GitHubApp, Installation, InstallationRequest
from trimtab.fakegithub.pages.page import hidden, log_in_first, missing, owns, page, person, redirect
from trimtab.fakegithub.repository import Repository
from trimtab.fakegithub.world import World


class InstallApp:
    """`/apps/{slug}`, `/apps/{slug}/installations/new`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        where = "/apps/{slug}/installations/new"
        return [web.get("/apps/{slug}", self.about), web.get(where, self.show), web.post(where, self.install)]

    async def about(self, request: web.Request) -> web.Response:
        app = self._world.github_apps.get(request.match_info["slug"])
        if app is None:
            return missing()
        return page(
            app.name, f"<p>{html.escape(app.description)}<p><a href=/apps/{app.slug}/installations/new>Install</a>"
        )

    async def show(self, request: web.Request) -> web.Response:
        login = person(self._world, request)
        if not login:
            return log_in_first(request)
        app, account = self._target(request, login, request.query.get("account", ""))
        if app is None:
            return missing()
        installed = self._installed(app, account)
        verb = "Save" if installed else "Install" if owns(self._world, login, account) else "Request"
        repositories = "".join(
            f'<label><input type=checkbox name=repository value="{one.name}"> {one.full_name}</label>'
            for one in self._repositories(account)
        )
        travels = {"state": request.query.get("state", ""), "account": account}
        body = (
            f"<form method=post>{hidden(travels)}<fieldset><legend>on {html.escape(account)}</legend>"
            "<label><input type=radio name=selection value=all checked> All repositories</label>"
            "<label><input type=radio name=selection value=selected> Only select repositories</label>"
            f"</fieldset>{repositories}<button>{verb}</button></form>"
        )
        return page(f"Install {app.name}", body)

    async def install(self, request: web.Request) -> web.Response:
        form, login = await request.post(), person(self._world, request)
        app, account = self._target(request, login, str(form.get("account", "")))
        if app is None or not login:
            return missing()
        chosen = None
        if form.get("selection") == "selected":
            chosen = tuple(str(name) for name in form.getall("repository", []))
            if not chosen:
                return page(f"Install {app.name}", "<p>Select at least one repository.", status=422)
        state = str(form.get("state", ""))
        numbers = None if chosen is None else {self._world.repositories[f"{account}/{one}"].id for one in chosen}
        if not owns(self._world, login, account):
            asked = None if numbers is None else frozenset(numbers)
            self._world.requests.append(InstallationRequest(app, account, login, asked))
            return self._back(app, setup_action="request", state=state)
        installed = self._installed(app, account)
        if installed is not None:
            self._world.choose(installed, numbers, sender=login)
            if not app.setup_on_update:
                return page(app.name, "<p>Saved.")
            return self._back(app, installation_id=str(installed.id), setup_action="update", state=state)
        made = self._world.install(app, account, repositories=chosen, sender=login)
        return self._back(app, installation_id=str(made.id), setup_action="install", state=state)

    def _target(self, request: web.Request, login: str, account: str) -> tuple[GitHubApp | None, str]:
        """The App, and where it is to go: a private one to its owner's account only, which only its members see."""
        app = self._world.github_apps.get(request.match_info["slug"])
        if app is None:
            return None, ""
        account = account if app.public and account else app.owner
        organisation = self._world.organisations.get(account)
        inside = organisation.members.get(login) == "active" if organisation else account == login
        return (app, account) if inside else (None, "")

    def _installed(self, app: GitHubApp, account: str) -> Installation | None:
        return next((one for one in self._world.installed(account) if one.app is app), None)

    def _repositories(self, account: str) -> list[Repository]:
        return [one for one in self._world.repositories.values() if one.owner == account]

    def _back(self, app: GitHubApp, **query: str) -> web.Response:
        return redirect(app.setup_url or f"/apps/{app.slug}", **query)
