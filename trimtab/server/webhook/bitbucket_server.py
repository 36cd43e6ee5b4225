"""Bitbucket Server and Data Center: https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html"""

import msgspec
from msgspec import Struct

from trimtab.server.webhook.push import Delivery, Provider, Push, Secrets, signed

KEYS = ("webhook.bitbucketserver.secret",)


class Clone(Struct, frozen=True):
    href: str


class Links(Struct, frozen=True):
    clone: tuple[Clone, ...] = ()


class Repository(Struct, frozen=True):
    links: Links = Links()


class Ref(Struct, frozen=True):
    id: str


class Change(Struct, frozen=True):
    ref: Ref


class Payload(Struct, frozen=True):
    repository: Repository
    changes: tuple[Change, ...]


def sent(delivery: Delivery) -> bool:
    return bool(delivery.header("x-event-key"))


def proven(delivery: Delivery, secrets: Secrets) -> bool:
    return signed(delivery, "x-hub-signature", secrets.get(KEYS[0], ""), prefix="sha256=")


def pushes(delivery: Delivery) -> tuple[Push, ...]:
    if delivery.header("x-event-key") != "repo:refs_changed":
        return ()
    payload = msgspec.json.decode(delivery.body, type=Payload)
    urls = tuple(clone.href for clone in payload.repository.links.clone)
    if not urls:
        raise ValueError("repository.links.clone is empty: this version of Bitbucket does not say what was pushed to")
    return tuple(Push(urls=urls, ref=change.ref.id) for change in payload.changes)


PROVIDER = Provider(name="Bitbucket Server", keys=KEYS, sent=sent, proven=proven, pushes=pushes)
