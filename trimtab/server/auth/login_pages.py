"""The few pages that a login shows by itself: which provider, and what went wrong."""

from collections.abc import Iterable
from html import escape
from urllib.parse import urlencode

from trimtab.access.sso import Provider
from trimtab.server.reply import Raw

HTML = "text/html; charset=utf-8"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Trimtab</title>
<link rel="icon" href="{root}/assets/trimtab.svg">
<link rel="stylesheet" href="{root}/assets/trimtab.css">
</head>
<body class="narrow">
<main class="card">
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def problem_page(status: int, message: str, *, root: str, return_path: str = "", cookies: tuple[str, ...] = ()) -> Raw:
    """What went wrong, and the way back to the login page, which still knows where the person wanted to go.

    `root` is the path that the server is reached under.
    """
    query = f"?{urlencode({'return_url': return_path})}" if return_path else ""
    body = (
        f'<p class="problem" role="alert">{escape(message)}</p>\n'
        f'<p><a class="button primary" href="{escape(root)}/login{escape(query)}">Back to login</a></p>'
    )
    return _page(status, "Not logged in", body, root=root, cookies=cookies)


def chooser_page(providers: Iterable[Provider], *, query: dict[str, str], root: str) -> Raw:
    """By which provider?"""
    links = (
        f'<p><a class="button primary" href="{escape(root)}/auth/login?'
        f'{escape(urlencode({**query, "connector": provider.id}))}">Log in with {escape(provider.name)}</a></p>'
        for provider in providers
    )
    return _page(200, "Log in", "\n".join(links), root=root)


def _page(status: int, title: str, body: str, *, root: str, cookies: tuple[str, ...] = ()) -> Raw:
    text = PAGE.format(title=escape(title), body=body, root=escape(root))
    return Raw(body=text.encode(), content_type=HTML, status=status, cookies=cookies)
