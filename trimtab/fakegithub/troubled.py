"""The middleware that misbehaves."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from trimtab.clock import Clock
from trimtab.fakegithub.trouble import Trouble

SLOW_SECONDS = 60.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LIMITS = {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000", "X-RateLimit-Used": "5000"}
_MESSAGES: dict[Trouble, tuple[int, str, dict[str, str]]] = {
    Trouble.BROKEN: (500, "Server Error", {}),
    Trouble.LIMITED: (403, "API rate limit exceeded", _LIMITS),
    Trouble.HURRIED: (429, "You have exceeded a secondary rate limit.", {"Retry-After": "60"}),
    Trouble.FORBIDDEN: (403, "Resource not accessible by integration", {}),
    Trouble.UNAUTHORIZED: (401, "Bad credentials", {}),
    Trouble.ABSENT: (404, "Not Found", {}),
    Trouble.INVALID: (422, "Validation Failed", {}),
}


async def misbehave(
    trouble: Trouble, request: web.Request, handler: Handler, *, closing: asyncio.Event, clock: Clock
) -> web.StreamResponse:
    """What the caller gets instead of an answer."""
    if trouble in _MESSAGES:
        status, message, headers = _MESSAGES[trouble]
        body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        return web.json_response(body, status=status, headers=headers)
    match trouble:
        case Trouble.DOWN:
            return web.Response(status=503, text="<html>Unicorn!</html>", content_type="text/html")
        case Trouble.NONSENSE:
            return web.Response(text="<html>", content_type="text/html")
        case Trouble.SILENT:
            await closing.wait()
        case Trouble.SLOW:
            await clock.sleep(SLOW_SECONDS)
        case Trouble.LOST:
            await handler(request)
    if trouble in (Trouble.LOST, Trouble.CUT, Trouble.SILENT):
        if request.transport:
            request.transport.abort()
        return web.Response(status=503)
    return await handler(request)
