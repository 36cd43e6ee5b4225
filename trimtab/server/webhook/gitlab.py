"""GitLab: https://docs.gitlab.com/user/project/integrations/webhook_events/"""

import msgspec
from msgspec import Struct

from trimtab.server.webhook.push import Commit, Delivery, Provider, Push, Secrets, files, same

KEYS = ("webhook.gitlab.secret",)
PUSHES = ("push", "tag_push")
NOTHING = "0" * 40
"""The commit before a branch begins, and after it ends."""


class Project(Struct, frozen=True):
    web_url: str
    git_http_url: str = ""
    git_ssh_url: str = ""
    default_branch: str | None = None


class Payload(Struct, frozen=True):
    ref: str
    project: Project
    before: str = NOTHING
    after: str = NOTHING
    commits: tuple[Commit, ...] | None = None
    total_commits_count: int | None = None


class Event(Struct, frozen=True):
    """A system hook says its kind in `event_name`."""

    object_kind: str = ""
    event_name: str = ""


def sent(delivery: Delivery) -> bool:
    return bool(delivery.header("x-gitlab-event"))


def proven(delivery: Delivery, secrets: Secrets) -> bool:
    return same(delivery.header("x-gitlab-token"), secrets.get(KEYS[0], ""))


def pushes(delivery: Delivery) -> tuple[Push, ...]:
    event = msgspec.json.decode(delivery.body, type=Event)
    if (event.object_kind or event.event_name) not in PUSHES:
        return ()
    payload = msgspec.json.decode(delivery.body, type=Payload)
    project = payload.project
    return (
        Push(
            urls=tuple(url for url in (project.web_url, project.git_http_url, project.git_ssh_url) if url),
            ref=payload.ref,
            default_branch=project.default_branch or "",
            changed=_changed(payload),
        ),
    )


def _changed(payload: Payload) -> tuple[str, ...] | None:
    """GitLab lists the newest 20 commits and counts all."""
    commits = payload.commits or ()
    whole = len(commits) == payload.total_commits_count and NOTHING not in (payload.before, payload.after)
    return files(commits) if whole else None


PROVIDER = Provider(name="GitLab", keys=KEYS, sent=sent, proven=proven, pushes=pushes)
