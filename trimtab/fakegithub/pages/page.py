"""What all pages share: the frame, who is logged in, forms."""

import html
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from trimtab.fakegithub.world import World

COOKIE = "user_session"
_STYLE = "body{font:16px sans-serif;max-width:40em;margin:3em auto}label,fieldset{display:block;margin:.7em 0}"


def page(title: str, body: str, *, status: int = 200) -> web.Response:
    """A page in the frame."""
    text = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{html.escape(title)}</h1>{body}"
    )
    return web.Response(text=text, content_type="text/html", status=status)


def missing() -> web.Response:
    """What is not there, or not for this person."""
    return page("This is not the web page you are looking for.", "", status=404)


def person(world: World, request: web.Request) -> str:
    """Who is logged in, "" for nobody."""
    return world.sessions.get(request.cookies.get(COOKIE, ""), "")


def log_in_first(request: web.Request) -> web.Response:
    """To the login page, and back here."""
    return redirect("/login", return_to=request.path_qs)


def redirect(url: str, **query: str) -> web.Response:
    """A GET of `url`, whose query is kept; empty values are left out."""
    given = {key: value for key, value in query.items() if value}
    joint = "&" if urlsplit(url).query else "?"
    return web.Response(status=302, headers={"Location": f"{url}{joint if given else ''}{urlencode(given)}"})


def hidden(values: Mapping[str, str]) -> str:
    """Fields that travel along."""
    return "".join(f'<input type=hidden name={name} value="{html.escape(value)}">' for name, value in values.items())


def owns(world: World, login: str, account: str) -> bool:
    """May somebody register and install applications for an account?"""
    organisation = world.organisations.get(account)
    return organisation.owned_by(login) if organisation else login == account


async def form_of(request: web.Request) -> dict[str, str]:
    return {key: str(value) for key, value in (await request.post()).items()}
