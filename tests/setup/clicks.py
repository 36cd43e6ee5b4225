"""Somebody at a browser without a screen: follows links and redirects, and presses the one button that a page has."""

import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import aiohttp

from trimtab.github.session import LoopbackResolver

FORM = re.compile(r"<form[^>]*method=post[^>]*>.*?</form>", re.DOTALL)
ACTION = re.compile(r'action="?([^"\s>]+)')
FIELD = re.compile(r'<input[^>]*name="?([^"\s>]+)"?[^>]*value="([^"]*)"|<input[^>]*name="?([^"\s>]+)"?[^>]*>')
PRESSED = re.compile(r'<button[^>]*name="?(\w+)"?[^>]*value="?([^">]*)"?[^>]*>')


class Visitor:
    """A person who is logged in at GitHub. `clicks`: the buttons that they have pressed, forms that send themselves
    not counted.
    """

    def __init__(self, session: aiohttp.ClientSession, *, login: str) -> None:
        self.session = session
        self.login = login
        self.clicks: list[str] = []

    async def walk(self, url: str, *, most: int = 6, until: str = "no form", **fields: str) -> str:
        """Open `url` and press on until a page has no form, or holds `until`; its text. `fields` are typed in where
        asked.
        """
        text, where = await self._get(url)
        for _ in range(most):
            form = FORM.search(text)
            if form is None or until in text:
                return text
            text, where = await self._press(form[0], where, fields)
        raise AssertionError(f"still a form at {where}")

    async def press(self, url: str, times: int) -> str:
        """Open `url` and press so many buttons; the page after the last one."""
        text, where = await self._get(url)
        for _ in range(times):
            form = FORM.search(text)
            assert form, f"no form at {where}: {text}"
            text, where = await self._press(form[0], where, {})
        return text

    async def _press(self, form: str, where: str, fields: Mapping[str, str]) -> tuple[str, str]:
        data: dict[str, Any] = {}
        for name, value, bare in FIELD.findall(form):
            if "type=checkbox" not in form or name != "repository":
                data.setdefault(name or bare, html.unescape(value))
        data |= {name: value for name, value in fields.items() if name in data}
        if button := PRESSED.search(form):
            data[button[1]] = html.unescape(button[2])
        if "manifest" not in data or "name" in data:
            self.clicks.append(re.sub(r"<[^>]+>", "", form).strip().split("\n")[-1][-60:])
        action = ACTION.search(form.partition(">")[0])
        target = urljoin(where, html.unescape(action[1])) if action else where
        async with self.session.post(target, data=data, headers={"Origin": where.rpartition("/")[0]}) as answer:
            return await answer.text(), str(answer.url)

    async def _get(self, url: str) -> tuple[str, str]:
        async with self.session.get(url) as answer:
            return await answer.text(), str(answer.url)


def browser() -> aiohttp.ClientSession:
    """A session with cookies that finds names below localhost."""
    connector = aiohttp.TCPConnector(resolver=LoopbackResolver(), force_close=True)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.CookieJar(unsafe=True))
