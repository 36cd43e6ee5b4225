"""Who is there: people, organisations, teams."""

from dataclasses import dataclass, field


@dataclass
class User:
    """`email` is shown to everybody when `public`. `keys`: public keys that let the person in by SSH."""

    id: int
    login: str
    name: str = ""
    email: str = ""
    public: bool = True
    keys: list[str] = field(default_factory=list)


@dataclass
class Organisation:
    """`members`: state (`active`, `pending`) by login. The switches are the policies that an owner sets."""

    id: int
    login: str
    members: dict[str, str] = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)
    base_permission: str = "pull"
    """What every member may do with each repository: `none`, `pull`, `push`, `admin`."""
    deploy_keys: bool = True
    approved_apps: set[str] | None = None
    """Client ids of the OAuth Apps that are let in; None: all are."""

    def owned_by(self, login: str) -> bool:
        """Is `login` an owner?"""
        return login in self.owners and self.members.get(login) == "active"


@dataclass
class Team:
    """A team of one organisation. `repositories`: permission (`pull`, `push`, `admin`, …) by `owner/name`."""

    id: int
    organisation: Organisation
    slug: str
    name: str
    members: set[str] = field(default_factory=set)
    repositories: dict[str, str] = field(default_factory=dict)
