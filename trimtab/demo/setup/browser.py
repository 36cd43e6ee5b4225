"""Somebody with a browser, without one: pages are fetched, links to elsewhere followed, buttons of forms clicked."""

import ssl
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp
import orjson
from msgspec import Struct, field
from yarl import URL

from trimtab.errors import Stalled
from trimtab.github.session import LoopbackResolver


class Button(Struct):
    """`values`: what the form sends when it is clicked."""

    label: str
    action: str
    method: str
    values: list[tuple[str, str]]


class Page(Struct, frozen=True):
    """What a person sees, and the buttons that they may click."""

    url: str
    status: int
    text: str
    body: str
    buttons: tuple[Button, ...] = ()

    def json(self) -> Any:
        """What an API says."""
        return orjson.loads(self.body)

    def button(self, label: str) -> Button:
        """The first whose label begins so. Raises Stalled when there is none."""
        for one in self.buttons:
            if one.label.startswith(label):
                return one
        seen = ", ".join(one.label for one in self.buttons) or "none"
        raise Stalled(f"{self.url} (status {self.status}) has no button {label!r}; there are: {seen}")


class Browser:
    """Use as `async with Browser(authority) as browser`; cookies are kept as long."""

    def __init__(self, authority: str) -> None:
        """`authority`: the PEM text of whom it trusts."""
        self._context = ssl.create_default_context(cadata=authority)
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(resolver=LoopbackResolver(), ssl=self._context)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.CookieJar(unsafe=True))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def visit(self, url: str) -> Page:
        """The page at the end of all redirects. Raises Stalled when nobody answers."""
        return await self._page("GET", url, [])

    async def click(self, page: Page, label: str, **chosen: str) -> Page:
        """The page behind a button; `chosen` are other values of the form's fields."""
        button = page.button(label)
        values = [(name, value) for name, value in button.values if name not in chosen]
        return await self._page(button.method, urljoin(page.url, button.action), [*values, *chosen.items()])

    async def _page(self, method: str, url: str, values: list[tuple[str, str]]) -> Page:
        sent = {"params": values} if method == "GET" else {"data": values}
        try:
            async with self._session.request(method, URL(url, encoded=True), **sent) as answer:  # type: ignore[arg-type]
                text, final = await answer.text(), str(answer.url)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Stalled(f"{url}: {str(error) or type(error).__name__}") from error
        forms = _Forms(final)
        forms.feed(text)
        return Page(final, answer.status, " ".join(forms.words), text, tuple(forms.buttons))


class _Form(Struct):
    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    """The buttons of a page with all that their forms send, and the words on it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.buttons: list[Button] = []
        self.words: list[str] = []
        self._url = url
        self._form: _Form | None = None
        self._pressed: Button | None = None
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._hidden = tag in ("style", "script")
        if tag == "form":
            self._form = _Form(given.get("action") or self._url, given.get("method", "get").upper())
        elif tag == "input" and self._form and _counts(given):
            self._form.values.append((given["name"], given.get("value", "on")))
        elif tag == "button" and self._form:
            own = [(given["name"], given.get("value", ""))] if "name" in given else []
            self._pressed = Button("", self._form.action, self._form.method, own)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data.split()
        if self._pressed:
            self._pressed.label += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script"):
            self._hidden = False
        elif tag == "button" and self._pressed and self._form:
            self._pressed.values += self._form.values
            self.buttons.append(self._pressed)
            self._pressed = None
        elif tag == "form":
            self._form = None


def _counts(given: dict[str, str]) -> bool:
    """A box that is not checked sends nothing."""
    return "name" in given and (given.get("type") not in ("checkbox", "radio") or "checked" in given)
