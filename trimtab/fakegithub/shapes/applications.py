"""Apps, their installations and tokens, as GitHub shows them."""

from trimtab.clock import rfc3339
from trimtab.fakegithub.applications import GitHubApp, Installation
from trimtab.fakegithub.credentials import Token
from trimtab.fakegithub.repository import Repository
from trimtab.fakegithub.shapes.people import Json, account, node
from trimtab.fakegithub.shapes.repositories import repository
from trimtab.fakegithub.state import State


def app(state: State, found: GitHubApp) -> Json:
    """`integration`."""
    return {
        "id": found.id,
        "slug": found.slug,
        "client_id": found.client_id,
        "node_id": node("Integration", found.id),
        "owner": account(state, found.owner),
        "name": found.name,
        "description": found.description or None,
        "external_url": found.url,
        "html_url": f"{state.site.url}/apps/{found.slug}",
        "created_at": rfc3339(found.created_at),
        "updated_at": rfc3339(found.created_at),
        "permissions": dict(found.permissions),
        "events": list(found.events),
    }


def app_with_secrets(state: State, found: GitHubApp) -> Json:
    """What the manifest's code is exchanged for."""
    hook_secret = found.hook.secret if found.hook.url else None
    secrets = {"client_secret": found.client_secret, "webhook_secret": hook_secret, "pem": found.pem}
    return {**app(state, found), **secrets}


def installation(state: State, found: Installation) -> Json:
    """`installation`."""
    here = f"{state.site.api_url}/app/installations/{found.id}"
    owner = account(state, found.account)
    organisation = owner["type"] == "Organization"
    page = f"organizations/{found.account}/settings" if organisation else "settings"
    return {
        "id": found.id,
        "account": owner,
        "repository_selection": "all" if found.repositories is None else "selected",
        "access_tokens_url": f"{here}/access_tokens",
        "repositories_url": f"{state.site.api_url}/installation/repositories",
        "html_url": f"{state.site.url}/{page}/installations/{found.id}",
        "app_id": found.app.id,
        "app_slug": found.app.slug,
        "target_id": owner["id"],
        "target_type": owner["type"],
        "permissions": dict(found.permissions),
        "events": list(found.events),
        "created_at": rfc3339(found.created_at),
        "updated_at": rfc3339(found.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": rfc3339(state.clock.now()) if found.suspended else None,
    }


def installation_token(state: State, token: Token, repositories: list[Repository] | None) -> Json:
    """`installation-token`; the repositories are shown when it was narrowed to some."""
    shown: Json = {"repository_selection": "all" if token.repositories is None else "selected"}
    if repositories is not None:
        shown["repositories"] = [repository(state, one) for one in repositories]
    assert token.expires_at
    ends = rfc3339(token.expires_at)
    return {"token": token.value, "expires_at": ends, "permissions": dict(token.permissions), **shown}
