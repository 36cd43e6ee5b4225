"""How a command line gets the session of a login in the browser.

It opens `/auth/login?cli_port=PORT&cli_challenge=CHALLENGE` and listens on that port of 127.0.0.1, where the browser
brings it a code. The code holds who logged in, sealed, for one minute; whoever knows the challenge's verifier can
exchange it, at any replica, and nobody else: not another program that listened on the port, nor who reads the
browser's history. A process redeems it once; at another replica the verifier is still what counts.
"""

import secrets
import zlib
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from trimtab.access.sso import Provider
from trimtab.server.auth import sessions
from trimtab.server.auth.connectors import Identity
from trimtab.server.auth.login_state import CommandLine
from trimtab.server.auth.pkce import is_challenge, proves
from trimtab.server.auth.sealing import Seal
from trimtab.server.auth.sso_session import kept_claims
from trimtab.server.failures import bad_request
from trimtab.server.served import Served

LIFETIME_SECONDS = 60
LONGEST_CODE = 7000
"""Characters that every loopback listener takes in a request line."""
PORTS = range(1024, 65536)


class WrongCode(ValueError):
    """The code cannot be exchanged; the message is for the caller."""


class _Code(Struct, frozen=True):
    id: str
    identity: Identity
    connector: str
    challenge: str
    expires_at: int


def command_line(port: str, challenge: str) -> CommandLine | None:
    """The command line that waits, None when none does. Raises Failure (400)."""
    if not port and not challenge:
        return None
    if not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) not in PORTS:
        raise bad_request(f"cli_port has to be a number from {PORTS.start} to {PORTS.stop - 1}")
    if not is_challenge(challenge):
        raise bad_request("cli_challenge has to be the SHA-256 of the verifier, base64url without padding")
    return CommandLine(int(port), challenge)


def listener_url(waiting: CommandLine, **query: str) -> str:
    """Where the command line listens: this computer, and no other."""
    return f"http://127.0.0.1:{waiting.port}/?{urlencode(query)}"


def seal_code(served: Served, identity: Identity, provider: Provider, challenge: str) -> str:
    """The code for a person who has just logged in. Raises ValueError when they are in too many groups for one."""
    claims = kept_claims(identity, served.sign_on.scopes)
    code = _Code(
        id=secrets.token_urlsafe(16),
        # What only a browser needs for logging out at the provider is left out.
        identity=msgspec.structs.replace(
            identity, claims=claims, credential=b"" if provider.source == "oidc.config" else identity.credential
        ),
        connector=provider.id,
        challenge=challenge,
        expires_at=sessions.now(served) + LIFETIME_SECONDS,
    )
    sealed = _seal(served).seal(zlib.compress(msgspec.msgpack.encode(code), 9))
    if len(sealed) > LONGEST_CODE:
        raise ValueError("the code is too long")
    return sealed


def redeem_code(served: Served, sealed: str, verifier: str) -> tuple[Identity, str]:
    """(who logged in, the id of the connector). Raises WrongCode."""
    raw = _seal(served).open(sealed) if len(sealed) <= LONGEST_CODE else None
    if raw is None:
        raise WrongCode("the code is not one of this server's; log in again")
    try:
        code = msgspec.msgpack.decode(zlib.decompress(raw), type=_Code)
    except msgspec.DecodeError as error:
        raise WrongCode("the code is another version's; log in again") from error
    if not proves(verifier, code.challenge):
        raise WrongCode("the verifier is not that of the login; log in again")
    if sessions.now(served) >= code.expires_at or not served.sign_on.states.first(code.id):
        raise WrongCode("the code is used up; log in again")
    return code.identity, code.connector


def _seal(served: Served) -> Seal:
    return Seal(sessions.accepted_keys(served), "command line code")
