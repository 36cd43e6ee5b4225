"""Azure DevOps: https://learn.microsoft.com/en-us/azure/devops/service-hooks/events#code-pushed"""

import base64
import re

import msgspec
from msgspec import Struct

from trimtab.server.webhook.push import BRANCH, Delivery, Provider, Push, Secrets, same

KEYS = ("webhook.azuredevops.username", "webhook.azuredevops.password")
_ADDRESSES = (
    re.compile(r"https://(?:[^/@]+@)?dev\.azure\.com/(?P<owner>[^/]+)/(?P<project>[^/]+)/_git/(?P<name>[^/]+)/?"),
    re.compile(
        r"https://(?P<owner>[^/@.]+)\.visualstudio\.com/(?:DefaultCollection/)?(?P<project>[^/]+)/_git/(?P<name>[^/]+)/?"
    ),
)


class RefUpdate(Struct, frozen=True):
    name: str


class Repository(Struct, frozen=True, rename="camel"):
    remote_url: str
    default_branch: str = ""


class Resource(Struct, frozen=True, rename="camel"):
    ref_updates: tuple[RefUpdate, ...]
    repository: Repository


class Payload(Struct, frozen=True):
    resource: Resource


class Event(Struct, frozen=True, rename="camel"):
    event_type: str = ""


def sent(delivery: Delivery) -> bool:
    return bool(delivery.header("x-vss-activityid"))


def proven(delivery: Delivery, secrets: Secrets) -> bool:
    """A name without a password proves nothing."""
    scheme, _, given = delivery.header("authorization").partition(" ")
    expected = ":".join(secrets.get(key, "") for key in KEYS)
    try:
        login = base64.b64decode(given, validate=True).decode()
    except ValueError:
        return False
    return same(login, expected) and scheme.lower() == "basic" and bool(secrets.get(KEYS[1]))


def pushes(delivery: Delivery) -> tuple[Push, ...]:
    if msgspec.json.decode(delivery.body, type=Event).event_type != "git.push":
        return ()
    resource = msgspec.json.decode(delivery.body, type=Payload).resource
    repository = resource.repository
    return tuple(
        Push(
            urls=_spellings(repository.remote_url),
            ref=update.name,
            default_branch=repository.default_branch.removeprefix(BRANCH),
        )
        for update in resource.ref_updates
    )


def _spellings(url: str) -> tuple[str, ...]:
    """A repository of the cloud service is cloned from three hosts."""
    for address in _ADDRESSES:
        if found := address.fullmatch(url):
            owner, project, name = found["owner"], found["project"], found["name"]
            return (
                url,
                f"https://dev.azure.com/{owner}/{project}/_git/{name}",
                f"https://{owner}.visualstudio.com/{project}/_git/{name}",
                f"https://{owner}.visualstudio.com/DefaultCollection/{project}/_git/{name}",
                f"git@ssh.dev.azure.com:v3/{owner}/{project}/{name}",
            )
    return (url,)


PROVIDER = Provider(name="Azure DevOps", keys=KEYS, sent=sent, proven=proven, pushes=pushes)
