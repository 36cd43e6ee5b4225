"""`trimtab login`, `trimtab logout`, `trimtab context`: which server the other commands talk to, and as whom."""

import asyncio
import sys
from typing import Any

import click
from msgspec import Struct
from msgspec.structs import replace

from trimtab.cli.browser_login import browser_login
from trimtab.cli.contexts import Context, load_contexts, name_of, save_contexts, server_url
from trimtab.cli.flags import gathered
from trimtab.cli.output import echo, table
from trimtab.cli.server_client import ServerClient
from trimtab.errors import Stalled, TrimtabError


class How(Struct, frozen=True):
    """How to log in."""

    username: str
    password: str
    token: str
    sso: bool
    connector: str
    ca_file: str
    insecure: bool


how_flags = gathered(
    "how",
    How,
    click.option("--username", default="", help="Local account."),
    click.option("--password", default="", envvar="TRIMTAB_PASSWORD", help="Its password; - reads standard input."),
    click.option("--token", default="", envvar="TRIMTAB_TOKEN", help="API token; - reads standard input."),
    click.option("--sso", is_flag=True, help="Log in in the browser."),
    click.option("--connector", default="", help="With --sso: which provider, where there are several."),
    click.option("--ca-file", default="", help="Trust this CA, too (PEM)."),
    click.option("--insecure", is_flag=True, help="Do not check the server's certificate."),
)
"""--username, --password, … as the one parameter `how`."""


@click.command()
@click.argument("server", metavar="SERVER")
@how_flags
def login(server: str, how: How) -> None:
    """Log in to SERVER (HOST[:PORT] or URL); commands talk to it from then on.

    By password (asked for where it is not given), by an API token, or with --sso in the browser. `trimtab logout` ends
    it; --kubeconfig, --context or --core of a command talk to the cluster directly instead.
    """
    asyncio.run(_login(server, how))


@click.command()
@click.argument("server", metavar="[SERVER]", required=False)
def logout(server: str | None) -> None:
    """End the login to SERVER (by default the current one)."""
    asyncio.run(_logout(server))


@click.command()
@click.argument("server", metavar="[SERVER]", required=False)
def context(server: str | None) -> None:
    """Show the logins, or switch to the one to SERVER."""
    known = load_contexts()
    if server is not None:
        name = name_of(server)
        if name not in known.contexts:
            raise Stalled(f"nobody is logged in to {name}; `trimtab login {name}` does it", reason="NotLoggedIn")
        known = replace(known, current=name)
        save_contexts(known)
    rows = [("*" if name == known.current else "", name, one.user) for name, one in sorted(known.contexts.items())]
    echo(table(("CURRENT", "SERVER", "USER"), rows) if rows else "logged in to no server")


async def _login(server: str, how: How) -> None:
    ca_file, url = how.ca_file, server_url(server)
    wanted = Context(server=url, ca_file=ca_file, insecure=how.insecure)
    token = await _token(ServerClient(wanted), how)
    client = ServerClient(replace(wanted, token=token))
    user = await client.get("session", "userinfo")
    if not user.get("loggedIn"):
        raise Stalled(f"{name_of(url)} does not accept this token", reason="Unauthenticated")
    logged_in = replace(wanted, token=token, user=user.get("username", ""))
    save_contexts(load_contexts().with_login(logged_in))
    echo(f"logged in to {name_of(url)} as {logged_in.user}")


async def _token(client: ServerClient, how: How) -> str:
    if how.token:
        return _given(how.token)
    if how.sso:
        return await browser_login(client, connector=how.connector)
    username = how.username or _asked("User name")
    password = _given(how.password) if how.password else _asked("Password", hidden=True)
    answer = await client.send("POST", "session", body={"username": username, "password": password})
    return str(answer["token"])


def _given(value: str) -> str:
    return sys.stdin.readline().rstrip("\n") if value == "-" else value


def _asked(what: str, *, hidden: bool = False) -> str:
    if not sys.stdin.isatty():
        option = "--password -" if hidden else "--username"
        raise Stalled(f"there is no terminal to ask for the {what.lower()} at; give {option}, --token or --sso")
    return str(click.prompt(what, hide_input=hidden, err=True))


async def _logout(server: str | None) -> None:
    known = load_contexts()
    name = name_of(server) if server else known.current
    found: Any = known.contexts.get(name)
    if found is None:
        raise Stalled("logged in to no server" if not server else f"not logged in to {name}", reason="NotLoggedIn")
    ended = ""
    try:
        await ServerClient(found).send("DELETE", "session")
    except TrimtabError:
        ended = f"; {name} could not be told, so the session there ends by itself"
    save_contexts(known.without(name))
    echo(f"logged out of {name}{ended}")
