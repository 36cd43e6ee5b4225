"""A repository: real, bare Git on disk, and what GitHub keeps beside it."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trimtab.fakegithub.hooks import Hook

ROLES = ("", "pull", "triage", "push", "maintain", "admin")


@dataclass
class DeployKey:
    """`dies_with`: the token that made it and takes it along when it is deleted; "" when the key outlives it."""

    id: int
    title: str
    key: str
    read_only: bool
    created_at: dt.datetime
    added_by: str
    dies_with: str = field(default="", repr=False)
    last_used: dt.datetime | None = None


@dataclass
class Pull:
    """A pull request; `head` and `base` are branches of this repository."""

    id: int
    number: int
    title: str
    head: str
    base: str
    user: str
    body: str | None
    created_at: dt.datetime
    head_sha: str
    base_sha: str
    draft: bool = False
    state: str = "open"
    merge_commit: str = ""
    merged_by: str = ""
    closed_at: dt.datetime | None = None


@dataclass
class Comment:
    """On an issue or a pull request."""

    id: int
    number: int
    body: str
    user: str
    created_at: dt.datetime
    updated_at: dt.datetime


@dataclass
class Status:
    """Of a commit."""

    id: int
    sha: str
    state: str
    context: str
    user: str
    created_at: dt.datetime
    description: str | None = None
    target_url: str | None = None


@dataclass
class Deployment:
    """`asked`: the request's own fields, with their defaults; `statuses` likewise, the newest last."""

    id: int
    sha: str
    user: str
    created_at: dt.datetime
    asked: dict[str, Any]
    statuses: list["DeploymentStatus"] = field(default_factory=list)


@dataclass
class DeploymentStatus:
    """What became of a deployment."""

    id: int
    user: str
    created_at: dt.datetime
    asked: dict[str, Any]


@dataclass
class Repository:
    """`git`: the bare repository. `collaborators`: role by login. `protected`: branches that change by pull request."""

    id: int
    owner: str
    name: str
    git: Path
    created_at: dt.datetime
    private: bool = True
    archived: bool = False
    default_branch: str = "main"
    description: str = ""
    pushed_at: dt.datetime | None = None
    collaborators: dict[str, str] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    keys: list[DeployKey] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    pulls: list[Pull] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"
