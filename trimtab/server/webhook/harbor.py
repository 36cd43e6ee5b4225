"""Harbor, which has no header of its own: it sends the `Authorization` that its hook is configured with.

https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/
"""

import msgspec
from msgspec import Struct

from trimtab.server.webhook.push import Delivery, Provider, Push, Secrets, same

KEYS = ("webhook.harbor.secret",)


class Resource(Struct, frozen=True):
    tag: str = ""
    resource_url: str = ""


class EventData(Struct, frozen=True):
    resources: tuple[Resource, ...] = ()


class Payload(Struct, frozen=True):
    type: str
    event_data: EventData


def sent(delivery: Delivery) -> bool:
    """Whatever nobody else claims, and carries an `Authorization`."""
    return bool(delivery.header("authorization"))


def proven(delivery: Delivery, secrets: Secrets) -> bool:
    return same(delivery.header("authorization"), secrets.get(KEYS[0], ""))


def pushes(delivery: Delivery) -> tuple[Push, ...]:
    payload = msgspec.json.decode(delivery.body, type=Payload)
    if payload.type != "PUSH_ARTIFACT":
        return ()
    return tuple(
        Push(urls=(one.resource_url.removesuffix(f":{one.tag}"),), ref=one.tag)
        for one in payload.event_data.resources
        if one.tag and one.resource_url
    )


PROVIDER = Provider(name="Harbor", keys=KEYS, sent=sent, proven=proven, pushes=pushes, must_prove=True)
