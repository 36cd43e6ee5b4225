"""Logging in in the browser: the server sends it back to a port of ours, with a code that only we can redeem (PKCE)."""

import asyncio
import base64
import hashlib
import secrets
import sys
import webbrowser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import click

from trimtab.cli.server_client import ServerClient
from trimtab.errors import Stalled

PATIENCE_SECONDS = 300.0
_HEAD = b"<!doctype html><meta charset=utf-8><title>Trimtab</title><p>"
PAGE = _HEAD + b"You are logged in. You can close this page."
NO_PAGE = _HEAD + b"You are not logged in; the command line says why. You can close this page."


async def browser_login(client: ServerClient, *, connector: str = "") -> str:
    """The token of the session. Raises Stalled for a login that is refused, or not made within five minutes."""
    verifier = secrets.token_urlsafe(48)
    arrived: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answer(reader, writer, arrived)

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        url = _page(client, port=port, verifier=verifier, connector=connector)
        await asyncio.to_thread(show, url)
        try:
            code = await asyncio.wait_for(arrived, PATIENCE_SECONDS)
        except TimeoutError as error:
            raise Stalled("nobody has logged in within five minutes; try again", reason="Timeout") from error
    answer_: Any = await client.raw("POST", "/auth/cli/token", body={"code": code, "codeVerifier": verifier})
    return str(answer_["token"])


def show(url: str) -> None:
    """Open the page where somebody sits, and say where it is in any case."""
    click.echo(f"Log in at {url}", err=True)
    if sys.stdout.isatty():
        webbrowser.open(url)


def _page(client: ServerClient, *, port: int, verifier: str, connector: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {"cli_port": str(port), "cli_challenge": challenge, **({"connector": connector} if connector else {})}
    return f"{client.context.server}/auth/login?{urlencode(query)}"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, arrived: asyncio.Future[str]) -> None:
    """Take the code from the browser's request; whatever else comes to the port is turned away."""
    try:
        line = await asyncio.wait_for(reader.readline(), 10)
        parts = line.decode("latin-1").split()
        target = parts[1] if len(parts) == 3 and parts[0] == "GET" else ""
        query = parse_qs(urlsplit(target).query)
        code, refusal = query.get("code", [""])[0], query.get("error", [""])[0]
        status, body = (b"200 OK", PAGE if code else NO_PAGE) if code or refusal else (b"404 Not Found", b"")
        head = b"HTTP/1.1 %s\r\ncontent-type: text/html\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        writer.write(head % (status, len(body)) + body)
        await writer.drain()
        if arrived.done():
            return
        if code:
            arrived.set_result(code)
        elif refusal:
            arrived.set_exception(Stalled(f"the login was refused: {refusal}", reason="LoginRefused"))
    except (OSError, TimeoutError, ValueError):
        pass
    finally:
        writer.close()
