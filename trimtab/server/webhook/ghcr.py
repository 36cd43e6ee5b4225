"""GitHub's container registry: the event `package` of GitHub's webhooks."""

import msgspec
from msgspec import Struct

from trimtab.server.webhook.github import KEYS, proven
from trimtab.server.webhook.push import Delivery, Provider, Push

EVENTS = ("package", "registry_package")
ACTIONS = ("published", "updated")


class Tag(Struct, frozen=True):
    name: str = ""


class ContainerMetadata(Struct, frozen=True):
    tag: Tag | None = None


class PackageVersion(Struct, frozen=True):
    container_metadata: ContainerMetadata | None = None


class Owner(Struct, frozen=True):
    login: str


class Package(Struct, frozen=True):
    name: str
    owner: Owner
    package_type: str = ""
    package_version: PackageVersion | None = None


class Payload(Struct, frozen=True):
    action: str
    package: Package | None = None
    registry_package: Package | None = None


def sent(delivery: Delivery) -> bool:
    return delivery.header("x-github-event") in EVENTS


def pushes(delivery: Delivery) -> tuple[Push, ...]:
    payload = msgspec.json.decode(delivery.body, type=Payload)
    package = payload.package or payload.registry_package
    if package is None or payload.action not in ACTIONS or package.package_type.lower() != "container":
        return ()
    version = package.package_version
    tag = version.container_metadata.tag if version and version.container_metadata else None
    if tag is None or not tag.name:
        return ()
    return (Push(urls=(f"ghcr.io/{package.owner.login}/{package.name}",), ref=tag.name),)


PROVIDER = Provider(name="GHCR", keys=KEYS, sent=sent, proven=proven, pushes=pushes)
