"""Bitbucket Cloud: https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/"""

import msgspec
from msgspec import Struct

from trimtab.server.webhook.push import BRANCH, TAG, Delivery, Provider, Push, Secrets, same

KEYS = ("webhook.bitbucket.uuid",)


class Link(Struct, frozen=True):
    href: str = ""


class Links(Struct, frozen=True):
    html: Link


class Named(Struct, frozen=True):
    """A branch or tag; or, of the main branch, its name."""

    name: str
    type: str = "branch"


class Repository(Struct, frozen=True):
    links: Links
    mainbranch: Named | None = None


class Change(Struct, frozen=True):
    """`new` is null for what was deleted."""

    new: Named | None = None
    old: Named | None = None


class Changes(Struct, frozen=True):
    changes: tuple[Change, ...]


class Payload(Struct, frozen=True):
    push: Changes
    repository: Repository


def sent(delivery: Delivery) -> bool:
    return bool(delivery.header("x-hook-uuid"))


def proven(delivery: Delivery, secrets: Secrets) -> bool:
    """The hook's UUID is what only its owner and Bitbucket know; braces around it do not count."""
    return same(delivery.header("x-hook-uuid").strip("{}"), secrets.get(KEYS[0], "").strip("{}"))


def pushes(delivery: Delivery) -> tuple[Push, ...]:
    if delivery.header("x-event-key") != "repo:push":
        return ()
    payload = msgspec.json.decode(delivery.body, type=Payload)
    main = payload.repository.mainbranch
    return tuple(
        Push(
            urls=(payload.repository.links.html.href,),
            ref=(TAG if there.type in ("tag", "annotated_tag") else BRANCH) + there.name,
            default_branch=main.name if main else "",
        )
        for change in payload.push.changes
        if (there := change.new or change.old) is not None
    )


PROVIDER = Provider(name="Bitbucket", keys=KEYS, sent=sent, proven=proven, pushes=pushes)
