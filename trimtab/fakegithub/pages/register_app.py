"""Registering a GitHub App from a manifest, and deleting one, which GitHub lets people do on a page only."""

import html
import secrets
from typing import Any

import orjson
from aiohttp import web

from trimtab.fakegithub.api.hooks import check_url
from trimtab.fakegithub.api.refusal import Refusal
from trimtab.fakegithub.credentials import LEVELS
from trimtab.fakegithub.pages.page import form_of, hidden, log_in_first, missing, owns, page, person, redirect
from trimtab.fakegithub.world import World

PERMISSIONS = frozenset(
    (
        *("actions", "administration", "checks", "contents", "deployments", "environments", "issues", "metadata"),
        *("members", "organization_administration", "organization_hooks", "pages", "pull_requests", "secrets"),
        *("repository_hooks", "statuses", "workflows", "emails"),
    )
)
NEEDS = {
    "push": "contents",
    "pull_request": "pull_requests",
    "check_run": "checks",
    "check_suite": "checks",
    "status": "statuses",
    "deployment": "deployments",
    "deployment_status": "deployments",
    "issue_comment": "issues",
    "membership": "members",
    "organization": "members",
    "team": "members",
    "repository": "metadata",
}
"""The permission without which an event cannot be subscribed to."""
LONGEST_NAME = 34
MOST_CALLBACKS = 10


class RegisterApp:
    """`POST …/settings/apps/new` with a manifest leads to a page with the button that creates the App."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            route
            for base in ("/organizations/{org}/settings/apps", "/settings/apps")
            for route in (
                web.post(f"{base}/new", self.receive),
                web.get(f"{base}/new", self.show),
                web.post(f"{base}/manifest", self.create),
                web.get(f"{base}/{{slug}}/advanced", self.advanced),
                web.post(f"{base}/{{slug}}/advanced", self.delete),
            )
        ]

    async def receive(self, request: web.Request) -> web.Response:
        """The form comes from another site, so without the cookie: it is kept, and looked at on the next page."""
        form = await form_of(request)
        try:
            manifest = orjson.loads(form.get("manifest", ""))
        except orjson.JSONDecodeError:
            return _invalid(["The manifest is no JSON"])
        number = secrets.token_hex(16)
        state = request.query.get("state", form.get("state", ""))
        self._world.manifests[number] = (request.match_info.get("org", ""), manifest, state)
        return redirect(request.path, manifest=number)

    async def show(self, request: web.Request) -> web.Response:
        """The button, or what is wrong with the manifest."""
        login = person(self._world, request)
        if not login:
            return log_in_first(request)
        number = request.query.get("manifest", "")
        owner, manifest, _ = self._world.manifests.get(number, ("", None, ""))
        if manifest is None or not owns(self._world, login, owner or login):
            return missing()
        if wrong := problems(self._world, manifest):
            return _invalid(wrong)
        name = html.escape(manifest.get("name", ""))
        body = (
            f"<form method=post action={request.path.removesuffix('/new')}/manifest>{hidden({'manifest': number})}"
            f'<label>GitHub App name <input name=name value="{name}" required></label>'
            f"<button>Create GitHub App for {html.escape(owner or login)}</button></form>{_asked_for(manifest)}"
        )
        return page("Create GitHub App", body)

    async def create(self, request: web.Request) -> web.Response:
        form, login = await form_of(request), person(self._world, request)
        owner, manifest, state = self._world.manifests.get(form.get("manifest", ""), ("", None, ""))
        if manifest is None or not owns(self._world, login, owner or login):
            return missing()
        named = {**manifest, "name": form.get("name", "")}
        if wrong := problems(self._world, named):
            return _invalid(wrong)
        del self._world.manifests[form["manifest"]]
        app = self._world.github_app(owner or login, **named)
        back = manifest.get("redirect_url") or f"/apps/{app.slug}"
        return redirect(back, code=self._world.conversion(app), state=state)

    async def advanced(self, request: web.Request) -> web.Response:
        """The dangerous button."""
        login = person(self._world, request)
        if not login:
            return log_in_first(request)
        app = self._world.github_apps.get(request.match_info["slug"])
        if app is None or not owns(self._world, login, app.owner):
            return missing()
        label = "<label>Type the name of the App <input name=verify required></label>"
        return page(app.name, f"<form method=post>{label}<button>Delete this GitHub App</button></form>")

    async def delete(self, request: web.Request) -> web.Response:
        form = await form_of(request)
        app = self._world.github_apps.get(request.match_info["slug"])
        if app is None or not owns(self._world, person(self._world, request), app.owner):
            return missing()
        if form.get("verify") != app.name:
            return page(app.name, "<p>The name is another.", status=422)
        self._world.delete_app(app)
        return page("Your GitHub App is being deleted", "")


def _invalid(wrong: list[str]) -> web.Response:
    said = "".join(f"<li>{html.escape(one)}" for one in wrong)
    return page("Invalid GitHub App configuration", f"<ul id=problems>{said}</ul>", status=422)


def _asked_for(manifest: dict[str, Any]) -> str:
    """What the App may do, and what it is told of."""
    permissions = manifest.get("default_permissions", {}).items()
    rows = [(name.replace("_", " "), level) for name, level in permissions]
    rows.append(("told of", ", ".join(manifest.get("default_events", ())) or "nothing"))
    shown = "".join(f"<dt>{html.escape(str(one))}<dd>{html.escape(str(other))}" for one, other in rows)
    return f"<p><small>What it asks for:</small><dl>{shown}</dl>"


def problems(world: World, manifest: Any) -> list[str]:
    """What GitHub has against a manifest."""
    if not isinstance(manifest, dict):
        return ["The manifest is no object"]
    name = str(manifest.get("name", ""))
    slug = name.lower().replace(" ", "-")
    found = [] if manifest.get("url") else ["Url can't be blank"]
    found += [] if name else ["Name can't be blank"]
    if len(name) > LONGEST_NAME:
        found.append(f"Name is too long (maximum is {LONGEST_NAME} characters)")
    if slug in world.github_apps or slug in world.users or slug in world.organisations:
        found.append("Name is already taken")
    if len(manifest.get("callback_urls", ())) > MOST_CALLBACKS:
        found.append(f"Callback urls: at most {MOST_CALLBACKS}")
    return found + _hook_problems(world, manifest) + _permission_problems(manifest)


def _hook_problems(world: World, manifest: dict[str, Any]) -> list[str]:
    attributes = manifest.get("hook_attributes")
    if attributes is None:
        return []
    try:
        check_url(world, attributes.get("url"), resource="Hook")
    except Refusal as refusal:
        return [f"Hook {refusal.errors[0]['message']}"]
    return []


def _permission_problems(manifest: dict[str, Any]) -> list[str]:
    given = manifest.get("default_permissions", {})
    unknown = sorted(given.keys() - PERMISSIONS)
    found = [f"Default permission records resource {name} is not included in the list" for name in unknown]
    found += [f"Default permission {name} cannot be {one!r}" for name, one in given.items() if one not in LEVELS[1:]]
    unmet = [
        one
        for one in manifest.get("default_events", ())
        if one not in NEEDS or NEEDS[one] not in {"metadata": "read", **given}
    ]
    return found + ([f"Default events unsupported: {', '.join(unmet)}"] if unmet else [])
