"""POST /api/webhook: somebody says that something was pushed."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from trimtab.model.keys import AppKey
from trimtab.model.names import ARGOCD_CM
from trimtab.server.applications.stored import Stored
from trimtab.server.auth.secrets import PREVIOUS
from trimtab.server.call import Call
from trimtab.server.failures import Code, Failure, bad_request
from trimtab.server.operation import Operation, Query
from trimtab.server.reply import Json
from trimtab.server.served import Served
from trimtab.server.webhook.looks import look_here
from trimtab.server.webhook.providers import Heard, is_guarded, read
from trimtab.server.webhook.push import Delivery, Push
from trimtab.server.webhook.secrets import webhook_secrets
from trimtab.server.webhook.touched import Follower, follower, may_hold, places_of, touched

log = logging.getLogger(__name__)
LARGEST_MB = 50
"""Argo CD's default for webhook.maxPayloadSizeMB, and the most that is taken."""
MOST_REFS = 1000


class Address(Query, frozen=True):
    """What Docker Hub's hook says in its address, since it can say nothing else."""

    type: str = ""
    secret: str = ""


class Received(Struct, frozen=True):
    """It says no more than this: whoever calls is not known."""

    message: str


async def receive(call: Call[Address, bytes]) -> Json:
    """Look at what the push touches. Raises Failure: 400, 401, 413."""
    served = call.served
    _check_size(served, call.body)
    delivery = Delivery(headers=call.request.headers, query=msgspec.to_builtins(call.query), body=call.body)
    secrets = webhook_secrets(served.configuration)
    apps = tuple(served.applications.catalogue)
    heard = await asyncio.to_thread(read, delivery, secrets)
    _note(served, heard)
    if not heard.pushes:
        return Json(value=Received("this event is about something else, and ignored"))
    keys = await asyncio.to_thread(_touched, heard.pushes, apps)
    if served.acting():
        look_here(keys, served.world, calmly=not is_guarded(secrets))
    else:
        await served.refreshes.ask(keys, served.transport)
    return Json(value=Received("the push was heard"))


def _check_size(served: Served, body: bytes) -> None:
    configured = served.configuration.config_map(ARGOCD_CM).get("webhook.maxPayloadSizeMB", "")
    most = min(int(configured), LARGEST_MB) if configured.isdecimal() and len(configured) < 9 else LARGEST_MB
    if len(body) > most << 20:
        raise Failure(Code.RESOURCE_EXHAUSTED, f"the payload is larger than {most} MB", status=413)


def _note(served: Served, heard: Heard) -> None:
    """Whoever rotates a secret waits until nobody uses the one before."""
    for key in heard.outdated:
        log.info("a webhook was proven with %s%s of argocd-secret: its sender does not have the new one", key, PREVIOUS)
        served.previous_uses.note(key, int(served.clock.now().timestamp()))


def _touched(pushes: tuple[Push, ...], apps: tuple[Stored, ...]) -> tuple[AppKey, ...]:
    """In a thread: applications may be many. Raises Failure (400)."""
    if len(pushes) > MOST_REFS:
        raise bad_request(f"more than {MOST_REFS} references in one push; they are noticed with the next poll")
    followers = tuple(_followers(places_of(url for push in pushes for url in push.urls), apps))
    keys = tuple(dict.fromkeys(key for push in pushes for key in touched(push, followers)))
    log.info("a push to %.300r, %.300r, touches %d applications", pushes[0].urls, pushes[0].ref, len(keys))
    return keys


def _followers(places: frozenset[str], apps: tuple[Stored, ...]) -> Iterator[Follower]:
    """Of the many applications, only those of the repository are decoded."""
    held: dict[str, bool] = {}
    for app in apps:
        for repo in app.header.repos:
            if repo not in held:
                held[repo] = may_hold(repo, places)
        if any(held[repo] for repo in app.header.repos):
            with contextlib.suppress(msgspec.DecodeError):
                yield follower(app.key, app.body)


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/webhook",
        id="Trimtab_Webhook",
        handler=receive,
        needs="public",
        query=Address,
        body=bytes,
        reply=Received,
        summary="Hear of a push to a repository or a registry",
        largest_body=LARGEST_MB << 20,
    ),
)
