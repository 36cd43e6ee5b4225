"""Deployments of a repository (`owner/name`) and their statuses. Permission: deployments, write."""

from typing import Any

from msgspec import Struct

from trimtab.github.client import GitHub
from trimtab.github.nouns import Deployment, DeploymentStatus
from trimtab.github.paths import path
from trimtab.text import one_line

DESCRIPTION = 140
NEWEST = 10


class Wanted(Struct, frozen=True, kw_only=True):
    """A deployment to make. `task` tells those of one commit and environment apart."""

    sha: str
    environment: str
    task: str = "deploy"
    description: str = ""
    production: bool = False


async def newest_deployments(github: GitHub, repo: str, *, environment: str, task: str) -> list[Deployment]:
    """Newest first; the older ones are left out."""
    query: dict[str, str | int] = {"environment": environment, "task": task, "per_page": NEWEST}
    return await github.get(path("repos", repo, "deployments"), list[Deployment], query=query)


async def find_deployment(github: GitHub, repo: str, wanted: Wanted) -> Deployment | None:
    """The newest of that commit, environment and task."""
    query = {"sha": wanted.sha, "environment": wanted.environment, "task": wanted.task}
    found = await github.get(path("repos", repo, "deployments"), list[Deployment], query=query)
    return found[0] if found else None


async def create_deployment(github: GitHub, repo: str, wanted: Wanted) -> Deployment:
    """Nothing is merged into what is deployed, and no status is waited for: it is deployed already."""
    body: dict[str, Any] = {
        "ref": wanted.sha,
        "environment": wanted.environment,
        "task": wanted.task,
        "description": one_line(wanted.description, limit=DESCRIPTION),
        "production_environment": wanted.production,
        "auto_merge": False,
        "required_contexts": [],
    }
    return await github.post(path("repos", repo, "deployments"), Deployment, body=body)


async def list_deployment_statuses(github: GitHub, repo: str, deployment_id: int) -> list[DeploymentStatus]:
    """Newest first."""
    return await github.get(path("repos", repo, "deployments", deployment_id, "statuses"), list[DeploymentStatus])


async def set_deployment_status(
    github: GitHub, repo: str, deployment_id: int, *, status: DeploymentStatus
) -> DeploymentStatus:
    """Earlier deployments stay as they are: GitHub would end those of every task of the environment."""
    body = {
        "state": status.state,
        "description": one_line(status.description, limit=DESCRIPTION),
        "auto_inactive": False,
    }
    body |= {name: value for name in ("environment_url", "log_url") if (value := getattr(status, name))}
    return await github.post(path("repos", repo, "deployments", deployment_id, "statuses"), DeploymentStatus, body=body)
