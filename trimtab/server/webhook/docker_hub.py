"""Docker Hub, which signs nothing: its hook is `/api/webhook?type=dockerhub&secret=…`, as with Argo CD.

https://docs.docker.com/docker-hub/repos/manage/webhooks/
"""

import msgspec
from msgspec import Struct

from trimtab.server.webhook.push import Delivery, Provider, Push, Secrets, same

KEYS = ("webhook.dockerhub.secret",)


class Repository(Struct, frozen=True):
    repo_name: str


class PushData(Struct, frozen=True):
    tag: str = ""


class Payload(Struct, frozen=True):
    repository: Repository
    push_data: PushData


def sent(delivery: Delivery) -> bool:
    return delivery.query.get("type") == "dockerhub"


def proven(delivery: Delivery, secrets: Secrets) -> bool:
    return same(delivery.query.get("secret", ""), secrets.get(KEYS[0], ""))


def pushes(delivery: Delivery) -> tuple[Push, ...]:
    payload = msgspec.json.decode(delivery.body, type=Payload)
    name, tag = payload.repository.repo_name, payload.push_data.tag
    if not tag:
        return ()
    path = name if "/" in name else f"library/{name}"
    return tuple(Push(urls=(f"{host}/{path}",), ref=tag) for host in ("docker.io", "registry-1.docker.io"))


PROVIDER = Provider(name="Docker Hub", keys=KEYS, sent=sent, proven=proven, pushes=pushes)
