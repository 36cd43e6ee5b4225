"""The cookie `argocd.token`, in as many parts as browsers demand.

A value that is too long for one cookie is `N:first part` in `argocd.token`, and goes on in `argocd.token-1`, …
"""

from collections.abc import Mapping, Sequence

from starlette.requests import Request

from trimtab.server.auth.return_url import came_by
from trimtab.server.auth.tokens import BadToken

NAME = "argocd.token"
LARGEST = 4093
"""Characters that browsers take for name and value and attributes."""
MOST_PARTS = 20


def token_cookies(token: str, request: Request, *, urls: Sequence[str]) -> tuple[str, ...]:
    """`Set-Cookie` values that hold the token; `urls` are those that the server is configured to have.

    Raises BadToken for one that no browser could keep.
    """
    attributes = _attributes(request, urls)
    room = LARGEST - len(f"{NAME}-{MOST_PARTS}={MOST_PARTS}:{attributes}")
    if len(token) <= room:
        return (f"{NAME}={token}{attributes}",)
    parts = [token[start : start + room] for start in range(0, len(token), room)]
    if len(parts) > MOST_PARTS:
        raise BadToken(f"token is too long for {MOST_PARTS} cookies: ask for fewer groups")
    first, *rest = parts
    following = (f"{NAME}-{number}={part}{attributes}" for number, part in enumerate(rest, 1))
    return (f'{NAME}="{len(parts)}:{first}"{attributes}', *following)


def removal_cookies(request: Request, *, urls: Sequence[str]) -> tuple[str, ...]:
    """`Set-Cookie` values that make the browser forget every part that it sent."""
    attributes = f"{_attributes(request, urls)}; Max-Age=0"
    parts = (name for name in (f"{NAME}-{number}" for number in range(1, MOST_PARTS)) if name in request.cookies)
    return tuple(f"{name}={attributes}" for name in (NAME, *parts))


def joined(cookies: Mapping[str, str]) -> str:
    """The token in a request's cookies; "" where there is none, or not all of it."""
    value = cookies.get(NAME, "")
    count, colon, first = value.partition(":")
    if not colon:
        return value
    if not (count.isascii() and count.isdigit() and len(count) <= 2 and 1 <= int(count) <= MOST_PARTS):
        return ""
    parts = [first, *(cookies.get(f"{NAME}-{number}", "") for number in range(1, int(count)))]
    return "".join(parts) if all(parts) else ""


def _attributes(request: Request, urls: Sequence[str]) -> str:
    # An ingress that ends TLS may not be among the proxies whose X-Forwarded-Proto counts.
    secure = request.url.scheme == "https" or came_by(request.headers.get("host", ""), urls).startswith("https:")
    return f"; Path=/; SameSite=Lax; HttpOnly{'; Secure' if secure else ''}"
