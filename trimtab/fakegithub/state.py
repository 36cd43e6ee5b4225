"""What the fake GitHub knows, as tables; the verbs that change them are in `people_world.py` and its neighbours."""

import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from trimtab.clock import Clock
from trimtab.fakegithub.applications import (
    Conversion,
    GitHubApp,
    Grant,
    Installation,
    InstallationRequest,
    OAuthApp,
    Refresh,
)
from trimtab.fakegithub.credentials import Token
from trimtab.fakegithub.hooks import Delivery, Hook
from trimtab.fakegithub.people import Organisation, Team, User
from trimtab.fakegithub.repository import Repository
from trimtab.fakegithub.site import Site

Payload = dict[str, Any]


class State:
    """The tables. `outbox`: what is to be delivered to hooks; `wake` is called when something was put there.

    `host_keys`: what /meta lists, as `ssh-ed25519 AAAA…`. `listeners` hear that who may come in by SSH has changed.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.site = Site()
        self.users: dict[str, User] = {}
        self.organisations: dict[str, Organisation] = {}
        self.teams: list[Team] = []
        self.apps: dict[str, OAuthApp] = {}
        self.grants: dict[str, Grant] = {}
        self.refreshes: dict[str, Refresh] = {}
        self.authorised: dict[tuple[str, str], set[str]] = {}
        """The scopes that a person granted, by (login, client id)."""
        self.tokens: dict[str, Token] = {}
        self.sessions: dict[str, str] = {}
        """Who is logged in, by cookie."""
        self.repositories: dict[str, Repository] = {}
        self.github_apps: dict[str, GitHubApp] = {}
        self.installations: dict[int, Installation] = {}
        self.requests: list[InstallationRequest] = []
        self.manifests: dict[str, tuple[str, Payload, str]] = {}
        """(owner, manifest, state) of registrations under way."""
        self.conversions: dict[str, Conversion] = {}
        self.host_keys: list[str] = []
        self.rate_limit = 5000
        """Calls of one token in an hour."""
        self.public_hooks_only = False
        """Refuse hooks on loopback, as GitHub does; off, because here everything is on loopback."""
        self.outbox: list[tuple[Hook, Delivery]] = []
        self.wake: Callable[[], None] = lambda: None
        self.listeners: list[Callable[[], None]] = []
        self._ids = iter(range(1001, 1_000_000))

    def new_id(self) -> int:
        return next(self._ids)

    def find_repository(self, full_name: str) -> Repository | None:
        """GitHub does not tell upper from lower case."""
        wanted = full_name.casefold()
        return next((one for name, one in self.repositories.items() if name.casefold() == wanted), None)

    def find_organisation(self, login: str) -> Organisation | None:
        """Likewise."""
        wanted = login.casefold()
        return next((one for name, one in self.organisations.items() if name.casefold() == wanted), None)

    def doors_changed(self) -> None:
        """Keys came or went."""
        for listener in self.listeners:
            listener()

    @cached_property
    def folder(self) -> Path:
        """Where the repositories are. Whoever made the world removes it."""
        return Path(tempfile.mkdtemp(prefix="fakegithub-"))
