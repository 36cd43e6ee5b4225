"""What hooks are told: payloads as GitHub's webhook schemas have them."""

from typing import Any

from trimtab.clock import rfc3339
from trimtab.fakegithub import git_store
from trimtab.fakegithub.applications import Installation
from trimtab.fakegithub.git_store import Moved
from trimtab.fakegithub.hooks import Hook
from trimtab.fakegithub.people import Organisation, Team
from trimtab.fakegithub.repository import Pull, Repository
from trimtab.fakegithub.shapes import applications, people, repositories, work
from trimtab.fakegithub.shapes.people import account
from trimtab.fakegithub.state import State

Payload = dict[str, Any]
ZEN = "Keep it logically awesome."
MOST_COMMITS = 2048
"""A push of more tells of these only."""


def ping(state: State, hook: Hook, repository: Repository | None) -> Payload:
    """A hook was made; or its owner wants to know whether it works."""
    moments = {"created_at": rfc3339(hook.created_at), "updated_at": rfc3339(hook.updated_at)}
    if repository is not None:
        shown = repositories.hook(state, repository, hook)
        shown["last_response"] = {"code": None, "status": "unused", "message": None}
        about = {"repository": repositories.repository(state, repository), "sender": account(state, repository.owner)}
        return {"zen": ZEN, "hook_id": hook.id, "hook": shown, **about}
    config = repositories.hook_config(hook)
    here = f"{state.site.api_url}/app/hook"
    shown = {
        "type": "App",
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "app_id": hook.target[1],
        "events": list(hook.events),
        "config": config,
        **moments,
        "url": f"{here}/config",
        "ping_url": f"{here}/pings",
        "deliveries_url": f"{here}/deliveries",
    }
    return {"zen": ZEN, "hook_id": hook.id, "hook": shown}


def push(state: State, repository: Repository, move: Moved, sender: str) -> Payload:
    """A reference moved, came or went."""
    created, deleted = move.before == git_store.NOBODY, move.after == git_store.NOBODY
    new = None if deleted else git_store.resolve(repository.git, move.after)
    old = _known(repository, move)
    commits = (
        [_commit(state, repository, one) for one in git_store.log(repository.git, new=new, old=old)] if new else []
    )
    head = git_store.read_commit(repository.git, new) if new else None
    page = f"{state.site.url}/{repository.full_name}"
    shown = repositories.repository(state, repository)
    pushed_at = repository.pushed_at or repository.created_at
    # Pushes, and they alone, write these times as seconds.
    moments = {"created_at": int(repository.created_at.timestamp()), "pushed_at": int(pushed_at.timestamp())}
    organisation = state.organisations.get(repository.owner)
    user = state.users.get(sender)
    return {
        "ref": move.ref,
        "before": move.before,
        "after": move.after,
        "repository": {**shown, **moments},
        "pusher": {"name": sender, "email": (user.email if user else "") or f"{sender}@users.noreply.github.com"},
        **({"organization": people.organisation(state, organisation)} if organisation else {}),
        "sender": account(state, sender),
        "created": created,
        "deleted": deleted,
        "forced": bool(new and old and not created) and not git_store.descends(repository.git, new or "", old or ""),
        "base_ref": None,
        "compare": f"{page}/compare/{move.before[:12]}...{move.after[:12]}",
        "commits": commits[:MOST_COMMITS],
        "head_commit": _commit(state, repository, head) if head is not None else None,
    }


def pull_request(state: State, repository: Repository, pull: Pull, action: str, sender: str) -> Payload:
    """A pull request was `opened` or `closed`."""
    shown = work.pull(state, repository, pull)
    return {
        "action": action,
        "number": pull.number,
        "pull_request": shown,
        "repository": repositories.repository(state, repository),
        "sender": account(state, sender),
    }


def installation(state: State, found: Installation, action: str, sender: str) -> Payload:
    """An App was installed (`created`) or uninstalled (`deleted`)."""
    return {
        "action": action,
        "installation": applications.installation(state, found),
        "repositories": _in_short(state, found, None),
        "sender": account(state, sender),
    }


def installation_repositories(
    state: State, found: Installation, action: str, *, numbers: set[int], sender: str
) -> Payload:
    """Repositories were `added` to an installation, or `removed`."""
    listed = _in_short(state, found, numbers)
    shown = applications.installation(state, found)
    return {
        "action": action,
        "installation": shown,
        "repository_selection": shown["repository_selection"],
        "repositories_added": listed if action == "added" else [],
        "repositories_removed": listed if action == "removed" else [],
        "requester": None,
        "sender": account(state, sender),
    }


def membership(state: State, team: Team, login: str, action: str) -> Payload:
    """Somebody was `added` to a team, or `removed`."""
    return {
        "action": action,
        "scope": "team",
        "member": account(state, login),
        "sender": account(state, min(team.organisation.owners, default=login)),
        "team": people.team(state, team),
        "organization": people.organisation(state, team.organisation),
    }


def member_removed(state: State, organisation: Organisation, login: str) -> Payload:
    """Somebody is in an organisation no more."""
    api = f"{state.site.api_url}/orgs/{organisation.login}"
    left = {
        "url": f"{api}/memberships/{login}",
        "state": "inactive",
        "role": "unaffiliated",
        "organization_url": api,
        "user": account(state, login),
    }
    return {
        "action": "member_removed",
        "membership": left,
        "organization": people.organisation(state, organisation),
        "sender": account(state, min(organisation.owners, default=login)),
    }


def authorization_revoked(state: State, login: str) -> Payload:
    """A person took an App's access back; an App cannot unsubscribe from this."""
    return {"action": "revoked", "sender": account(state, login)}


def _commit(state: State, repository: Repository, found: Any) -> Payload:
    def who(signature: Any) -> Payload:
        return {"name": signature.name, "email": signature.email}

    return {
        "id": str(found.id),
        "tree_id": str(found.tree_id),
        "distinct": True,
        "message": found.message,
        "timestamp": git_store.when(found.committer).isoformat(),
        "url": f"{state.site.url}/{repository.full_name}/commit/{found.id}",
        "author": who(found.author),
        "committer": who(found.committer),
        **git_store.changed(found),
    }


def _known(repository: Repository, move: Moved) -> str | None:
    """The commit whose history is no news: where the reference was; for a new branch, the default one."""
    if move.before != git_store.NOBODY:
        return git_store.resolve(repository.git, move.before)
    default = f"refs/heads/{repository.default_branch}"
    return None if move.ref == default else git_store.refs(repository.git).get(default)


def _in_short(state: State, found: Installation, numbers: set[int] | None) -> list[Payload]:
    if numbers is None:
        numbers = {one.id for one in state.repositories.values() if one.owner == found.account}
        numbers = numbers if found.repositories is None else numbers & found.repositories
    return [repositories.in_short(one) for one in state.repositories.values() if one.id in numbers]
