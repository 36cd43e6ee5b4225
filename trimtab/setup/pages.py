"""What the page of set-up shows."""

import html
from collections.abc import Mapping
from typing import Any

import orjson

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 34rem; margin: 12vh auto 0; padding: 0 1.5rem; }
h1 { font-size: 1.4rem; line-height: 1.25; }
button { font: inherit; padding: .5rem 1rem; border: 1px solid; border-radius: .4rem; cursor: pointer; }
p { margin: .75rem 0; overflow-wrap: anywhere; }
"""


def create_app(action: str, manifest: Mapping[str, Any]) -> str:
    """A form that sends itself to GitHub, and has a button where scripts are off."""
    value = html.escape(orjson.dumps(manifest).decode(), quote=True)
    body = f"""
<h1>On to GitHub</h1>
<p>GitHub shows the App <b>{html.escape(str(manifest["name"]))}</b>: look at it and click Create.</p>
<form id=f method=post action="{html.escape(action, quote=True)}">
<input type=hidden name=manifest value="{value}"><button>Go on</button></form>
<script>document.getElementById("f").submit()</script>"""
    return _page("On to GitHub", body)


def done(environment: str) -> str:
    """The last page."""
    body = f"""
<h1>That was all here</h1>
<p>The set-up of <b>{html.escape(environment)}</b> goes on in the terminal. You can close this page.</p>"""
    return _page("Done", body)


def waiting(why: str) -> str:
    """Somebody else has to do something; the page looks again by itself."""
    body = f"""
<h1>Waiting</h1>
<p>{html.escape(why)}</p>
<p>This page goes on by itself.</p>
<meta http-equiv=refresh content="5;url=/installed?setup_action=request">"""
    return _page("Waiting", body)


def elsewhere(repository: str, app_url: str) -> str:
    """It is installed for other repositories."""
    body = f"""
<h1>Not yet for {html.escape(repository)}</h1>
<p>The App is installed, but this repository was not chosen.
<a href="{html.escape(app_url, quote=True)}/installations/new">Choose it</a>, then <a href="/">go on</a>.</p>"""
    return _page("Choose the repository", body)


def trouble(why: str, *, again: str = "/") -> str:
    """Something went wrong; it can be tried again at `again`."""
    body = f"""
<h1>That did not work</h1>
<p>{html.escape(why)}</p>
<p><a href="{html.escape(again, quote=True)}">Try again</a></p>"""
    return _page("Trouble", body)


def _page(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title} · Trimtab</title>"
        f"<meta name=viewport content='width=device-width'><style>{STYLE}</style><body>{body}"
    )
