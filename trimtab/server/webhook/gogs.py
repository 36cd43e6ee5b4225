"""Gogs, Gitea and Forgejo, which send each other's headers: https://docs.gitea.com/usage/repository/webhooks"""

import msgspec
from msgspec import Struct

from trimtab.server.webhook.push import Commit, Delivery, Provider, Push, Secrets, files, signed

KEYS = ("webhook.gogs.secret",)
EVENTS = ("x-gogs-event", "x-gitea-event", "x-forgejo-event")
SIGNATURES = (("x-gogs-signature", ""), ("x-gitea-signature", ""), ("x-hub-signature-256", "sha256="))
FEW_COMMITS = 5
"""As many are listed unless somebody configures more; Gogs does not say how many there were."""
NOTHING = "0" * 40


class Repository(Struct, frozen=True):
    html_url: str
    clone_url: str = ""
    ssh_url: str = ""
    default_branch: str = ""


class Payload(Struct, frozen=True):
    ref: str
    repository: Repository
    before: str = NOTHING
    after: str = NOTHING
    commits: tuple[Commit, ...] | None = None
    total_commits: int | None = None


def sent(delivery: Delivery) -> bool:
    return any(delivery.header(name) for name in EVENTS)


def proven(delivery: Delivery, secrets: Secrets) -> bool:
    secret = secrets.get(KEYS[0], "")
    return any([signed(delivery, header, secret, prefix=prefix) for header, prefix in SIGNATURES])


def pushes(delivery: Delivery) -> tuple[Push, ...]:
    if "push" not in (delivery.header(name) for name in EVENTS):
        return ()
    payload = msgspec.json.decode(delivery.body, type=Payload)
    repository = payload.repository
    urls = (repository.html_url, repository.clone_url, repository.ssh_url)
    return (
        Push(
            urls=tuple(url for url in urls if url),
            ref=payload.ref,
            default_branch=repository.default_branch,
            changed=_changed(payload),
        ),
    )


def _changed(payload: Payload) -> tuple[str, ...] | None:
    commits = payload.commits or ()
    total = payload.total_commits
    whole = len(commits) == total if total is not None else len(commits) < FEW_COMMITS
    return files(commits) if whole and NOTHING not in (payload.before, payload.after) else None


PROVIDER = Provider(name="Gogs", keys=KEYS, sent=sent, proven=proven, pushes=pushes)
