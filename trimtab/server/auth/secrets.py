"""argocd-secret and the like: read, changed without losing anybody else's change, and made where they are missing."""

import asyncio
import base64
import binascii
import datetime as dt
import logging
import secrets
import string
from collections.abc import Callable, Mapping

from trimtab.access.accounts import ADMIN, read_accounts, secret_key
from trimtab.clock import Clock, rfc3339
from trimtab.controller.namespace_data import NamespaceData
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.model.keys import Manifest
from trimtab.model.names import ARGOCD_CM, ARGOCD_SECRET
from trimtab.server.auth.passwords import hash_password

log = logging.getLogger(__name__)

INITIAL_SECRET = "argocd-initial-admin-secret"  # noqa: S105 - a name
SIGNING_KEY = "server.secretkey"
PREVIOUS = ".previous"
"""What a key of argocd-secret ends with whose value was rotated, and still counts beside the new one."""
PASSWORD_LENGTH = 16
LETTERS = string.ascii_letters + string.digits + "-"

Change = Callable[[Mapping[str, bytes]], Mapping[str, bytes | None]]
"""From what a Secret holds to what is to be different; None takes a key away. It may be asked again."""


class Secrets(NamespaceData, frozen=True):
    """The Secrets of the control namespace, as the API server has them this moment."""

    async def change(self, name: str, change: Change) -> Manifest | None:
        """As `change_data`, with what the Secret's values stand for."""
        return await self.change_data("Secret", name, lambda data: _encoded(change(_all_decoded(data))))

    async def data(self, name: str) -> Mapping[str, bytes]:
        """What a Secret holds; {} where there is none."""
        return secret_data(await self.read_object("Secret", name))

    async def config_map(self, name: str) -> Mapping[str, str]:
        """What a ConfigMap holds; {} where there is none."""
        return (await self.read_object("ConfigMap", name) or {}).get("data") or {}


def signing_keys(data: Mapping[str, bytes]) -> tuple[bytes, ...]:
    """Of argocd-secret: what signs, then what else is accepted; () where nothing signs."""
    key, previous = data.get(SIGNING_KEY), data.get(SIGNING_KEY + PREVIOUS)
    if not key:
        return ()
    return (key, previous) if previous and previous != key else (key,)


async def ensure_secrets(transport: Transport, discovery: Discovery, *, namespace: str, clock: Clock) -> None:
    """Make what a first start needs, as Argo CD does: the key that signs tokens, and a password for `admin`.

    The password is drawn into Secret argocd-initial-admin-secret before its hash is written, so that of several
    servers that start at once one draws, and whoever writes the hash writes that one's. Raises ApiError, Retry.
    """
    kept = Secrets(transport, discovery, namespace)
    config, data = await kept.config_map(ARGOCD_CM), await kept.data(ARGOCD_SECRET)
    admin = read_accounts(config, data).by_name[ADMIN]
    hashed = ""
    if admin.enabled and not admin.password_hash:
        hashed = await asyncio.to_thread(hash_password, await _initial_password(kept))
        log.info("the password of admin is in Secret %s/%s", namespace, INITIAL_SECRET)
    moment = clock.now()
    await kept.change(ARGOCD_SECRET, lambda now: _missing(now, hashed, moment))


def secret_data(secret: Manifest | None) -> Mapping[str, bytes]:
    """What a Secret holds, decoded; what is not base64 is left out."""
    return _all_decoded((secret or {}).get("data") or {})


async def _initial_password(kept: Secrets) -> str:
    """The password that stands in the Secret, drawn now if none does."""
    drawn = "".join(secrets.choice(LETTERS) for _ in range(PASSWORD_LENGTH)).encode()
    await kept.change(INITIAL_SECRET, lambda data: {} if data.get("password") else {"password": drawn})
    return (await kept.data(INITIAL_SECRET)).get("password", drawn).decode(errors="replace")


def _missing(data: Mapping[str, bytes], hashed: str, moment: dt.datetime) -> Mapping[str, bytes | None]:
    wanted: dict[str, bytes | None] = {}
    if not data.get(SIGNING_KEY):
        wanted[SIGNING_KEY] = base64.b64encode(secrets.token_bytes(32))
        # Who takes the key away wants everybody out.
        wanted[SIGNING_KEY + PREVIOUS] = None
    if hashed and not data.get(secret_key(ADMIN, "password")):
        wanted[secret_key(ADMIN, "password")] = hashed.encode()
        wanted[secret_key(ADMIN, "passwordMtime")] = rfc3339(moment).encode()
    return wanted


def _encoded(data: Mapping[str, bytes | None]) -> dict[str, str | None]:
    return {key: None if value is None else base64.b64encode(value).decode() for key, value in data.items()}


def _all_decoded(data: Mapping[str, str]) -> Mapping[str, bytes]:
    decoded = {key: _decoded(value) for key, value in data.items()}
    return {key: value for key, value in decoded.items() if value is not None}


def _decoded(value: object) -> bytes | None:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return None
