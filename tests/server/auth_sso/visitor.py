"""A person with a browser: follows redirects by hand, fills in the pages of identity providers, keeps cookies."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import aiohttp
from msgspec import Struct

MOST_HOPS = 15
_FORM = re.compile(r"<form[^>]*>.*?</form>", re.DOTALL)
_INPUT = re.compile(r"<input[^>]*>")
_ATTRIBUTE = re.compile(r'(name|value|type|action)=(?:"([^"]*)"|([^\s">]+))')


class Arrival(Struct, frozen=True):
    """Where the person is, and what they see."""

    status: int
    location: str
    text: str
    set_cookies: tuple[str, ...]


class Visitor:
    """`base`: the server's URL."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def close(self) -> None:
        await self.session.close()

    async def get(self, url: str, **headers: str) -> Arrival:
        """One page, no redirect followed."""
        async with self.session.get(urljoin(self.base, url), allow_redirects=False, headers=headers) as response:
            return await _arrival(response)

    async def begin(self, **query: str) -> str:
        """Press "log in": the page of the provider."""
        arrival = await self.get(f"/auth/login?{urlencode(query)}")
        assert arrival.status == 303, (arrival.status, arrival.text)
        return arrival.location

    async def consent(self, page: str, login: str, *, cancel: bool = False) -> str:
        """Log in at the provider: where it sends the person back to."""
        arrival = await self.get(page)
        for _ in range(MOST_HOPS):
            if arrival.status in (302, 303):
                target = urljoin(page, arrival.location)
                if not target.startswith(f"{origin(page)}/"):
                    return target
                page, arrival = target, await self.get(target)
                continue
            assert arrival.status == 200, (arrival.status, arrival.text[:500])
            page, arrival = await self._submit(page, arrival.text, login, cancel=cancel)
        raise AssertionError("the provider sends people around in circles")

    async def log_in(self, login: str, **query: str) -> Arrival:
        """All of it: what the server answers at the end."""
        return await self.get(await self.consent(await self.begin(**query), login))

    async def me(self, **headers: str) -> dict[str, Any]:
        """What the server says of the caller."""
        async with self.session.get(f"{self.base}/api/v1/session/userinfo", headers=headers) as response:
            assert response.status == 200, await response.text()
            found: dict[str, Any] = await response.json()
            return found

    def cookie(self, name: str) -> str:
        """A cookie's value, "" for none."""
        return next((one.value for one in self.session.cookie_jar if one.key == name), "")

    async def _submit(self, page: str, text: str, login: str, *, cancel: bool) -> tuple[str, Arrival]:
        form = _FORM.search(text)
        assert form, text[:500]
        fields = {}
        for tag in _INPUT.findall(form[0]):
            found = {key: html.unescape(quoted or bare) for key, quoted, bare in _ATTRIBUTE.findall(tag)}
            if found.get("name"):
                fields[found["name"]] = found.get("value", "")
        action = dict((key, quoted or bare) for key, quoted, bare in _ATTRIBUTE.findall(form[0].split(">")[0]))
        if "login" in fields:
            fields |= {"login": login, "password": "any"}
        if "<button name=user" in form[0]:
            fields |= {"cancel": "1"} if cancel else {"user": login}
        if cancel and (link := re.search(r'href="([^"]*/abort)"', text)):
            return page, await self.get(urljoin(page, link[1]))
        target = urljoin(page, action.get("action", page))
        async with self.session.post(target, data=fields, allow_redirects=False) as response:
            return target, await _arrival(response)


def origin(url: str) -> str:
    """Scheme and host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def query_of(url: str) -> dict[str, str]:
    """The query parameters of a URL, one value each."""
    return {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}


async def _arrival(response: aiohttp.ClientResponse) -> Arrival:
    cookies = tuple(response.headers.getall("Set-Cookie", ()))
    return Arrival(response.status, response.headers.get("Location", ""), await response.text(), cookies)
