"""The GitHub App of an environment: what its manifest asks for, and why each permission.

The fields are those of GitHub's "Registering a GitHub App from a manifest".
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.environment.environment import Environment
from trimtab.environment.login import callback_urls

LONGEST_NAME = 34
"""Of a GitHub App."""


class Permission(Struct, frozen=True):
    """One permission of the App; `why` is shown before it is asked for."""

    name: str
    level: str
    why: str


def permissions(env: Environment) -> tuple[Permission, ...]:
    """What the App needs for this environment, and nothing besides."""
    wanted = [Permission("metadata", "read", "every App has it")]
    if env.changes != "none":
        wanted.append(Permission("contents", "write", "set-up puts its folders into the repository"))
    elif env.access == "githubApp":
        wanted.append(Permission("contents", "read", "the repository is fetched"))
    if env.changes == "pullRequest" or env.feedback.comments:
        wanted.append(Permission("pull_requests", "write", "set-up's pull request, comments on pull requests"))
    if env.access == "deployKey":
        wanted.append(Permission("administration", "write", "the deploy key is registered and rotated"))
    if env.login.type == "githubApp":
        wanted.append(Permission("members", "read", "who is in which team"))
    if env.feedback.statuses:
        wanted.append(Permission("statuses", "write", "commits show whether they are deployed"))
    if env.feedback.deployments:
        wanted.append(Permission("deployments", "write", "the repository's page shows deployments"))
    return tuple(wanted)


def permission_map(env: Environment) -> dict[str, str]:
    """As GitHub wants it."""
    return {one.name: one.level for one in permissions(env)}


def app_name(env: Environment, cluster: str) -> str:
    """Names of Apps are unique on all of GitHub: the cluster's id makes it so."""
    tail = f"-{cluster[:6]}"
    return f"trimtab-{env.name}"[: LONGEST_NAME - len(tail)].rstrip("-") + tail


def app_manifest(env: Environment, *, cluster: str, page: str) -> Mapping[str, Any]:
    """`page`: the address of set-up's own page on loopback, where GitHub sends the browser back to."""
    return {
        "name": app_name(env, cluster),
        "url": env.url,
        "description": f"Trimtab deploys {env.organization}/{env.repository} to {env.name}.",
        "public": False,
        "redirect_url": f"{page}/created",
        "setup_url": f"{page}/installed",
        "callback_urls": list(callback_urls(env)),
        "hook_attributes": {"url": env.webhook_url, "active": True},
        "default_permissions": permission_map(env),
        "default_events": list(events(env)),
    }


def events(env: Environment) -> tuple[str, ...]:
    """What GitHub tells the App of."""
    return ("push", "pull_request") if env.feedback.comments else ("push",)
