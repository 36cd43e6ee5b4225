"""GitHub: https://docs.github.com/en/webhooks/webhook-events-and-payloads"""

import msgspec
from msgspec import Struct

from trimtab.server.webhook.push import Commit, Delivery, Provider, Push, Secrets, files, signed

KEYS = ("webhook.github.secret",)
MOST_COMMITS = 2048
"""GitHub lists no more of a push."""


class Repository(Struct, frozen=True):
    html_url: str
    clone_url: str = ""
    ssh_url: str = ""
    default_branch: str = ""


class Payload(Struct, frozen=True):
    ref: str
    repository: Repository
    commits: tuple[Commit, ...] = ()
    created: bool = False
    deleted: bool = False
    forced: bool = False


def sent(delivery: Delivery) -> bool:
    return bool(delivery.header("x-github-event"))


def proven(delivery: Delivery, secrets: Secrets) -> bool:
    return signed(delivery, "x-hub-signature-256", secrets.get(KEYS[0], ""), prefix="sha256=")


def pushes(delivery: Delivery) -> tuple[Push, ...]:
    if delivery.header("x-github-event") != "push":
        return ()
    payload = msgspec.json.decode(delivery.body, type=Payload)
    repository = payload.repository
    urls = (repository.html_url, repository.clone_url, repository.ssh_url)
    return (
        Push(
            urls=tuple(url for url in urls if url),
            ref=payload.ref,
            default_branch=repository.default_branch,
            changed=files(payload.commits) if _all_told(payload) else None,
        ),
    )


def _all_told(payload: Payload) -> bool:
    """A forced push also takes away what older commits did, which nobody lists."""
    anew = payload.created or payload.deleted or payload.forced
    return not anew and len(payload.commits) < MOST_COMMITS


PROVIDER = Provider(name="GitHub", keys=KEYS, sent=sent, proven=proven, pushes=pushes)
