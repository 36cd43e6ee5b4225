"""Repositories, deploy keys, hooks and deliveries, as GitHub shows them."""

from typing import Any

import orjson

from trimtab.clock import rfc3339
from trimtab.fakegithub.hooks import Delivery, Hook
from trimtab.fakegithub.repository import ROLES, DeployKey, Repository
from trimtab.fakegithub.shapes.people import Json, account, node
from trimtab.fakegithub.state import State

_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_COUNTS = ("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count")
_WATCHED = ("watchers", "watchers_count")
_HAS = ("has_downloads", "has_issues", "has_projects", "has_wiki")


def api(state: State, found: Repository) -> str:
    """Where the API has the repository."""
    return f"{state.site.api_url}/repos/{found.full_name}"


def in_short(found: Repository) -> Json:
    """As lists in events name it."""
    return {
        "id": found.id,
        "node_id": node("Repository", found.id),
        "name": found.name,
        "full_name": found.full_name,
        "private": found.private,
    }


def repository(state: State, found: Repository) -> Json:
    """`repository`, as it is in lists and in events."""
    here, page = api(state, found), f"{state.site.url}/{found.full_name}"
    host = state.site.url.partition("://")[2]
    ssh = f"{state.site.ssh}/{found.full_name}.git" if state.site.ssh else f"git@{host}:{found.full_name}.git"
    return {
        **in_short(found),
        "owner": account(state, found.owner),
        "html_url": page,
        "description": found.description or None,
        "fork": False,
        "url": here,
        **{name: here + rest for name, rest in _URLS.items()},
        "git_url": f"git://{host}/{found.full_name}.git",
        "ssh_url": ssh,
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "topics": [],
        "custom_properties": {},
        **dict.fromkeys((*_COUNTS, *_WATCHED), 0),
        **dict.fromkeys(_HAS, True),
        "has_pages": False,
        "has_discussions": False,
        "is_template": False,
        "archived": found.archived,
        "disabled": False,
        "visibility": "private" if found.private else "public",
        "web_commit_signoff_required": False,
        "allow_forking": False,
        "default_branch": found.default_branch,
        "pushed_at": rfc3339(found.pushed_at or found.created_at),
        "created_at": rfc3339(found.created_at),
        "updated_at": rfc3339(found.created_at),
    }


def permissions(role: str) -> dict[str, bool]:
    """What a role may do."""
    return {name: ROLES.index(role) >= ROLES.index(name) for name in ("admin", "maintain", "push", "triage", "pull")}


def repository_full(state: State, found: Repository, role: str) -> Json:
    """`full-repository`, for somebody with a role in it."""
    own = {"permissions": permissions(role), "network_count": 0, "subscribers_count": 0}
    return {**repository(state, found), **own}


def deploy_key(state: State, repository: Repository, found: DeployKey) -> Json:
    """`deploy-key`."""
    organisation = state.organisations.get(repository.owner)
    return {
        "id": found.id,
        "key": found.key,
        "url": f"{api(state, repository)}/keys/{found.id}",
        "title": found.title,
        "verified": True,
        "created_at": rfc3339(found.created_at),
        "read_only": found.read_only,
        "added_by": found.added_by,
        "last_used": rfc3339(found.last_used) if found.last_used else None,
        "enabled": organisation is None or organisation.deploy_keys,
    }


def hook_config(found: Hook) -> Json:
    """`webhook-config`; the secret is not shown."""
    secret = {"secret": "********"} if found.secret else {}
    return {"url": found.url, "content_type": found.content_type, "insecure_ssl": found.insecure_ssl, **secret}


def hook(state: State, repository: Repository, found: Hook) -> Json:
    """`hook`."""
    here = f"{api(state, repository)}/hooks/{found.id}"
    last = next((one for one in found.deliveries if one.status), None)
    response: Json = {"code": None, "status": "unused", "message": None}
    if last:
        response = {"code": last.status_code, "status": "active", "message": last.status}
    return {
        "type": "Repository",
        "id": found.id,
        "name": "web",
        "active": found.active,
        "events": list(found.events),
        "config": hook_config(found),
        "updated_at": rfc3339(found.updated_at),
        "created_at": rfc3339(found.created_at),
        "url": here,
        "test_url": f"{here}/test",
        "ping_url": f"{here}/pings",
        "deliveries_url": f"{here}/deliveries",
        "last_response": response,
    }


def delivery_item(found: Delivery) -> Json:
    """`hook-delivery-item`."""
    return {
        "id": found.id,
        "guid": found.guid,
        "delivered_at": rfc3339(found.delivered_at),
        "redelivery": found.redelivery,
        "duration": round(found.duration, 3),
        "status": found.status or "pending",
        "status_code": found.status_code,
        "event": found.event,
        "action": found.payload.get("action"),
        "installation_id": found.installation,
        "repository_id": found.repository,
        "throttled_at": None,
    }


def delivery(found: Delivery) -> Json:
    """`hook-delivery`."""
    request: dict[str, Any] = {
        "headers": dict(found.request_headers),
        "payload": orjson.loads(orjson.dumps(found.payload)),
    }
    response = {"headers": dict(found.response_headers), "payload": found.response_body}
    return {**delivery_item(found), "url": "", "request": request, "response": response}
