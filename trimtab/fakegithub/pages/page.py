"""What all pages share: the frame, who is logged in, forms."""

import html
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from trimtab.fakegithub.world import World

COOKIE = "user_session"
_STYLE = """
:root{--page:#f6f8fa;--card:#fff;--text:#1f2328;--line:#d0d7de;--faint:#59636e}
@media(prefers-color-scheme:dark){:root{--page:#0d1117;--card:#151b23;--text:#f0f6fc;--line:#3d444d;--faint:#9198a1}}
body{font:16px/1.5 system-ui,sans-serif;margin:0;color:var(--text);background:var(--page)}
header{display:flex;flex-wrap:wrap;gap:0 1rem;padding:.8rem 1.5rem;background:#24292f;color:#f0f6fc}
header b{margin-right:auto}header a{color:inherit}
main{width:min(34rem,100% - 2rem);margin:9vh auto 2rem;padding:1.5rem 2rem;border:1px solid var(--line)}
main{border-radius:.6rem;background:var(--card);box-sizing:border-box;overflow-wrap:anywhere}
h1{font-size:1.35rem;line-height:1.3;margin:0 0 1rem}
label,fieldset{display:block;margin:.7em 0}fieldset{border:1px solid var(--line);border-radius:.4rem}
small,dl{color:var(--faint)}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dd{margin:0}
input:not([type=radio],[type=checkbox]){font:inherit;padding:.35rem .6rem;border:1px solid var(--line)}
input{border-radius:.4rem;background:transparent;color:inherit}
button{font:inherit;margin:.3rem .5rem .3rem 0;padding:.45rem 1rem;border:1px solid #1f883d;border-radius:.4rem}
button{background:#1f883d;color:#fff;cursor:pointer}
button[name=cancel]{background:transparent;border-color:var(--line);color:inherit}
"""
_HEADER = "<header><b>GitHub</b><span>a fake one, on this machine</span><a href=/logout>Be somebody else</a></header>"


def page(title: str, body: str, *, status: int = 200) -> web.Response:
    """A page in the frame."""
    text = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)} · GitHub</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        f"<body>{_HEADER}<main><h1>{html.escape(title)}</h1>{body}</main>"
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
