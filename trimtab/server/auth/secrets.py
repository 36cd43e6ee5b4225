"""argocd-secret and the like: read, changed without losing anybody else's change, and made where they are missing."""

import asyncio
import base64
import binascii
import datetime as dt
import logging
import secrets
import string
from collections.abc import Callable, Mapping

from msgspec import Struct

from trimtab.access.accounts import ADMIN, read_accounts, secret_key
from trimtab.clock import Clock, rfc3339
from trimtab.errors import Retry
from trimtab.kube import read, write
from trimtab.kube.discovery import Discovery
from trimtab.kube.errors import AlreadyExists, NotFound, StaleConflict
from trimtab.kube.transport import Transport
from trimtab.model.keys import Manifest
from trimtab.model.names import FIELD_MANAGER
from trimtab.server.auth.passwords import hash_password

log = logging.getLogger(__name__)

ARGOCD_CM = "argocd-cm"
ARGOCD_SECRET = "argocd-secret"  # noqa: S105 - a name
INITIAL_SECRET = "argocd-initial-admin-secret"  # noqa: S105 - a name
SIGNING_KEY = "server.secretkey"
ATTEMPTS = 10
"""Each that fails means that somebody else's write went through."""
PASSWORD_LENGTH = 16
LETTERS = string.ascii_letters + string.digits + "-"

Change = Callable[[Mapping[str, bytes]], Mapping[str, bytes | None]]
"""From what a Secret holds to what is to be different; None takes a key away. It may be asked again."""


class Secrets(Struct, frozen=True):
    """The Secrets of the control namespace, as the API server has them this moment."""

    transport: Transport
    discovery: Discovery
    namespace: str

    async def change(self, name: str, change: Change) -> Manifest | None:
        """Write what is different, on top of no other state than was read; the Secret is made where there is none.

        What it is afterwards; None: nothing is different. Raises what `change` raises, ApiError, Retry.
        """
        for _ in range(ATTEMPTS):
            live = await self._read("Secret", name)
            different = change(secret_data(live))
            if not different:
                return None
            try:
                return await (self._create(name, different) if live is None else self._patch(live, different))
            except (AlreadyExists, StaleConflict):
                continue
            except NotFound:
                if live is None:
                    raise
        raise Retry(f"Secret {name} is being written by others all the time; try again", reason="Conflict")

    async def data(self, name: str) -> Mapping[str, bytes]:
        """What a Secret holds; {} where there is none."""
        return secret_data(await self._read("Secret", name))

    async def config_map(self, name: str) -> Mapping[str, str]:
        """What a ConfigMap holds; {} where there is none."""
        return (await self._read("ConfigMap", name) or {}).get("data") or {}

    async def _read(self, kind: str, name: str) -> Manifest | None:
        resource = await self.discovery.find("", kind)
        try:
            return await read.get(self.transport, resource, name, namespace=self.namespace)
        except NotFound:
            return None

    async def _create(self, name: str, data: Mapping[str, bytes | None]) -> Manifest:
        labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd"}
        manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
            "data": _encoded(data),
        }
        resource = await self.discovery.find("", "Secret")
        return await write.create(self.transport, resource, manifest, field_manager=FIELD_MANAGER)

    async def _patch(self, live: Manifest, data: Mapping[str, bytes | None]) -> Manifest:
        metadata = live["metadata"]
        return await write.patch(
            self.transport,
            await self.discovery.find("", "Secret"),
            metadata["name"],
            {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "data": _encoded(data)},
            patch_type="merge",
            namespace=self.namespace,
            field_manager=FIELD_MANAGER,
        )


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
    decoded = {key: _decoded(value) for key, value in ((secret or {}).get("data") or {}).items()}
    return {key: value for key, value in decoded.items() if value is not None}


async def _initial_password(kept: Secrets) -> str:
    """The password that stands in the Secret, drawn now if none does."""
    drawn = "".join(secrets.choice(LETTERS) for _ in range(PASSWORD_LENGTH)).encode()
    await kept.change(INITIAL_SECRET, lambda data: {} if data.get("password") else {"password": drawn})
    return (await kept.data(INITIAL_SECRET)).get("password", drawn).decode(errors="replace")


def _missing(data: Mapping[str, bytes], hashed: str, moment: dt.datetime) -> Mapping[str, bytes | None]:
    wanted: dict[str, bytes | None] = {}
    if not data.get(SIGNING_KEY):
        wanted[SIGNING_KEY] = base64.b64encode(secrets.token_bytes(32))
    if hashed and not data.get(secret_key(ADMIN, "password")):
        wanted[secret_key(ADMIN, "password")] = hashed.encode()
        wanted[secret_key(ADMIN, "passwordMtime")] = rfc3339(moment).encode()
    return wanted


def _encoded(data: Mapping[str, bytes | None]) -> dict[str, str | None]:
    return {key: None if value is None else base64.b64encode(value).decode() for key, value in data.items()}


def _decoded(value: object) -> bytes | None:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return None
