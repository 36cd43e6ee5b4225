"""What the page of set-up shows, in the look of the server's own pages."""

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from typing import Any

import orjson

from trimtab.server.web.pages import FOLDER

LOGO = f"data:image/svg+xml;base64,{base64.b64encode((FOLDER / 'trimtab.svg').read_bytes()).decode()}"
STYLE = f"""{(FOLDER / "trimtab.css").read_text()}
.card {{ width: min(30rem, 100vw - 2rem); overflow-wrap: anywhere; }}
h2 {{ margin: 0 0 .75rem; font-size: 1.1rem; }}
p {{ margin: 0 0 1rem; }} .card > :last-child {{ margin-bottom: 0; }}
a:not(.button) {{ color: var(--accent); }}
"""
SUBMIT = 'document.getElementById("f").submit()'
POLICY = (
    f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
    f"script-src 'sha256-{base64.b64encode(hashlib.sha256(SUBMIT.encode()).digest()).decode()}'"
)
"""Content-Security-Policy: nothing is loaded, and no script runs but the one that sends the form."""
_ADDRESS = re.compile(r"https?://[^\s&]+[^\s&.,;:)]")


def create_app(action: str, manifest: Mapping[str, Any]) -> str:
    """A form that sends itself to GitHub, and has a button where scripts are off."""
    value = html.escape(orjson.dumps(manifest).decode(), quote=True)
    body = f"""
<p>GitHub shows the App <b>{html.escape(str(manifest["name"]))}</b>: look at it and click Create.</p>
<form id=f method=post action="{html.escape(action, quote=True)}">
<input type=hidden name=manifest value="{value}"><button class=primary>Go on</button></form>
<script>{SUBMIT}</script>"""
    return _page("On to GitHub", body)


def done(environment: str) -> str:
    """The last page."""
    body = f"""
<p>The set-up of <b>{html.escape(environment)}</b> goes on in the terminal. You can close this page.</p>"""
    return _page("That was all here", body)


def waiting(why: str) -> str:
    """Somebody else has to do something; the page looks again by itself."""
    body = f"""
<p>{html.escape(why)}</p>
<p class=muted>This page goes on by itself.</p>
<meta http-equiv=refresh content="5;url=/installed?setup_action=request">"""
    return _page("Waiting", body)


def elsewhere(repository: str, installation_url: str) -> str:
    """It is installed for other repositories; `installation_url`: GitHub's page where they are chosen."""
    body = f"""
<p>The App is installed, but this repository was not chosen.
<a href="{html.escape(installation_url, quote=True)}">Choose it</a>, then go on.</p>
<a class="button primary" href="/">Go on</a>"""
    return _page(f"Not yet for {repository}", body)


def trouble(why: str, *, again: str = "/") -> str:
    """Something went wrong; it can be tried again at `again`."""
    body = f"""
<p class=problem role=alert>{_with_links(why)}</p>
<a class="button primary" href="{html.escape(again, quote=True)}">Try again</a>"""
    return _page("That did not work", body)


def _with_links(text: str) -> str:
    """Addresses in a message can be clicked."""
    return _ADDRESS.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', html.escape(text, quote=True))


def _page(title: str, body: str) -> str:
    shown = html.escape(title)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{shown} · Trimtab</title>"
        f"<meta name=viewport content='width=device-width, initial-scale=1'><link rel=icon href='{LOGO}'>"
        f"<style>{STYLE}</style><body class=narrow><main class=card>"
        f"<h1><img src='{LOGO}' alt='' width=28 height=28>Trimtab</h1><h2>{shown}</h2>{body}</main>"
    )
