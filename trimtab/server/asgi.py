"""From an HTTP request to an operation and back: the one place where every call passes.

    route ─▶ who is it ─▶ query and body ─▶ handler ─▶ reply ─▶ wire        (each step may end in a Failure)

Nothing leaves without security headers; every write leaves a line in the audit log; a defect is an error body and a
line in the log, never a stack trace for the caller.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from trimtab.access.subject import ANONYMOUS, Subject
from trimtab.errors import TrimtabError
from trimtab.server import audit
from trimtab.server.bodies import Bodies, Room
from trimtab.server.call import Call
from trimtab.server.failures import Code, Failure, denied, failure_of
from trimtab.server.health import OPERATIONS as ALWAYS
from trimtab.server.operation import AnyOperation
from trimtab.server.origin import SAFE, check_origin
from trimtab.server.parameters import BODY_SECONDS, check_content_type, decode_body, decode_query, read_body
from trimtab.server.reply import Json, Pieces, Raw, Redirect, Reply, Stream
from trimtab.server.router import Router
from trimtab.server.served import Served
from trimtab.server.streams import Streams
from trimtab.server.waits import Waits
from trimtab.server.wire import send_failure, send_reply

log = logging.getLogger(__name__)
Whole = Json | Raw | Pieces | Redirect
Identify = Callable[[Request, Served], Awaitable[Subject]]
"""Who calls, by token or cookie; ANONYMOUS where anybody may. Raises Failure (401)."""


class Server:
    """The ASGI application."""

    def __init__(self, served: Served, operations: Iterable[AnyOperation], *, identify: Identify) -> None:
        self._served = served
        self._identify = identify
        self._router = Router(operations)
        self._streams = Streams(served.clock)
        self._waits = Waits()
        self._bodies = Bodies()

    def close(self) -> None:
        """The server stops: end what would not end by itself."""
        self._streams.close()
        self._waits.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", f"{scope['type']} is not served"
        request = Request(scope, receive)
        entry = audit.Entry(request)
        try:
            reply = await self._answer(request, entry)
        except Failure as failure:
            self._note(entry, failure.status, failure.message)
            await send_failure(request, send, failure)
            return
        self._note(entry, getattr(reply, "status", 200), "")
        if isinstance(reply, Stream):
            subject = entry.subject
            await self._streams.send(request, send, reply, still=lambda: self._is_still(subject, request))
        else:
            await send_reply(request, send, _with_renewed_session(request, reply))

    async def _is_still(self, subject: Subject, request: Request) -> bool:
        """Would the same request come from the same person, in the same groups, now?"""
        try:
            now = await self._identify(request, self._served)
        except Failure:
            return False
        return (now.name, now.groups) == (subject.name, subject.groups)

    def _note(self, entry: audit.Entry, status: int, error: str) -> None:
        entry.write(status, error)
        self._served.calls[entry.operation.id if entry.operation else "", status] += 1

    async def _answer(self, request: Request, entry: audit.Entry) -> Reply:
        """Raises Failure, and nothing else."""
        try:
            match = self._router.find(request.method, request.scope["raw_path"])
            entry.operation = match.operation
            entry.params = match.params
            return await self._call(request, match.operation, match.params, entry)
        except Failure:
            raise
        except TrimtabError as error:
            raise failure_of(error) from error
        except TimeoutError as error:
            raise Failure(Code.DEADLINE_EXCEEDED, "it took too long; try again") from error
        except Exception as error:
            log.exception("%s %s: a defect in Trimtab", request.method, request.url.path)
            raise Failure(Code.INTERNAL, "internal error; the server's log says more") from error

    async def _call(
        self, request: Request, operation: AnyOperation, params: Mapping[str, str], entry: audit.Entry
    ) -> Reply:
        if (waiting := self._served.waiting_for()) and operation not in ALWAYS:
            raise Failure(Code.UNAVAILABLE, f"starting: waiting for {', '.join(waiting)}", headers={"retry-after": "1"})
        subject = entry.subject = await self._who(request, operation)
        check_origin(request)
        check_content_type(request)
        query = decode_query(request.query_params, operation.query)
        with self._bodies.room(known=subject.logged_in) as room:
            body = await self._body(request, operation, room)
            call = Call(served=self._served, subject=subject, params=params, query=query, body=body, request=request)
            reply = await self._handled(operation, call)
        if not isinstance(operation.needs, str) and not call.checked:
            log.error("%s asked for no right: a defect in Trimtab; its reply is held back", operation.id)
            raise denied()
        return reply

    async def _body(self, request: Request, operation: AnyOperation, room: Room) -> object:
        if request.method in SAFE:
            return None
        async with self._waits.wait():
            return await _body(request, operation, room)

    async def _handled(self, operation: AnyOperation, call: Call[Any, Any]) -> Reply:
        """A read is for who waits for it. Public ones are not all mere reads: who logs out need not wait."""
        if call.request.method not in SAFE or operation.needs == "public":
            return await operation.handler(call)
        async with self._waits.wait_for_caller(call.request):
            return await operation.handler(call)

    async def _who(self, request: Request, operation: AnyOperation) -> Subject:
        try:
            return await self._identify(request, self._served)
        except Failure:
            if operation.needs == "public":
                return ANONYMOUS
            raise


def _with_renewed_session(request: Request, reply: Whole) -> Whole:
    """Cookies of a session that was about to end, and goes on (`auth/identify.py`)."""
    renewed: tuple[str, ...] = getattr(request.state, "cookies", ())
    return replace(reply, cookies=(*reply.cookies, *renewed)) if renewed else reply


async def _body(request: Request, operation: AnyOperation, room: Room) -> object:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            raw = await read_body(request, operation.largest_body, room)
    except TimeoutError as error:
        raise Failure(Code.DEADLINE_EXCEEDED, "the body did not arrive in time", status=408) from error
    return decode_body(operation, request.headers.get("content-type", ""), raw)
