"""One set-up under way: the environment, who is asked and told, and what was found out so far."""

import contextlib
from types import TracebackType
from typing import Self

from msgspec import Struct, field

from trimtab.clock import Clock
from trimtab.environment import names
from trimtab.environment.environment import Engine
from trimtab.environment.github_app import permission_map
from trimtab.errors import Stalled
from trimtab.github.app import AppTokens, InstallationTokens
from trimtab.github.client import GitHub
from trimtab.github.endpoints import endpoints_of
from trimtab.github.token import judge_permissions
from trimtab.github.tokens import Given
from trimtab.model.names import ARGOCD_SECRET
from trimtab.setup.cluster import Cluster
from trimtab.setup.read_file import ReadFile
from trimtab.setup.terminal import Terminal


class Options(Struct, frozen=True, kw_only=True):
    """`token`: GitHub's, of the person who sets up, "" for none. `page_port`: of the page for the browser, 0 is any.

    Where a GitHub App does the work, set-up asks with the token only whether repository and teams are there.

    `patience`: seconds to wait for what others do (a rollout, DNS, a certificate). `click_patience`: for a person.
    `cascade`: a teardown takes what Applications deployed along. `retire`: a rotation takes the previous key out.
    """

    engine: Engine = "trimtab"
    token: str = ""
    page_port: int = 0
    patience: float = 600.0
    click_patience: float = 3600.0
    cascade: bool = False
    retire: bool = False

    def __repr__(self) -> str:
        return f"Options({self.engine!r})"


class Facts(Struct):
    """What was found out. `app`: the data of Secret trimtab-github-app. `secrets`: of argocd-secret. Both hold secrets.

    `granted`: what the App's installation may. `person`: who sets up, by GitHub's login. `drawn`: what was made in this
    run and is not written yet, so that what is looked at and what is then written are the same.
    """

    cluster_id: str = ""
    organization_id: int = 0
    person: str = ""
    app: dict[str, str] = field(default_factory=dict)
    granted: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Facts({self.person!r})"


class Job:
    """Use as `async with Job(read, …) as job`."""

    def __init__(self, read: ReadFile, *, cluster: Cluster, terminal: Terminal, clock: Clock, options: Options) -> None:
        self.env = read.env
        self.file = read
        self.cluster = cluster
        self.terminal = terminal
        self.clock = clock
        self.options = options
        self.facts = Facts()
        self.token = options.token
        self.endpoints = endpoints_of(self.env)
        self._clients: dict[str, GitHub] = {}
        self._exits = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.recall()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    async def recall(self) -> None:
        """Read what the cluster holds now: another run may have made an App since."""
        self.facts.cluster_id = await self.cluster.identity()
        self.facts.app = await self.cluster.secret(names.APP)
        self.facts.secrets = await self.cluster.secret(ARGOCD_SECRET)
        self.facts.person = self.facts.app.get("createdBy", "") or self.facts.person

    @property
    def installed(self) -> bool:
        """Is the GitHub App there, and installed?"""
        return self.env.needs_app and bool(self.facts.app.get("installationID"))

    @property
    def can_ask_github(self) -> bool:
        """Is there a token that may look at the repository?"""
        return self.installed or bool(self.token)

    async def as_nobody(self) -> GitHub:
        """GitHub without a token."""
        return await self._client("nobody", Given())

    async def as_app(self) -> GitHub:
        """GitHub as the App itself."""
        app = self.facts.app
        if not app.get("privateKey"):
            raise Stalled("the GitHub App is not there yet: run trimtab setup", reason="NoApp")
        return await self._client(f"app {app['id']}", AppTokens(app["id"], app["privateKey"], clock=self.clock))

    async def as_person(self, token: str) -> GitHub:
        """GitHub as the person whose token it is."""
        return await self._client(f"person {token}", Given(token))

    async def github(self) -> GitHub:
        """GitHub as who may change the repository: the App where it is installed, else the given token."""
        if self.installed:
            tokens = InstallationTokens(
                await self.as_app(),
                int(self.facts.app["installationID"]),
                repositories=[self.env.repository],
                permissions=self._allowed(),
            )
            return await self._client(f"installation {self.facts.app['installationID']}", tokens)
        if self.token:
            return await self.as_person(self.token)
        raise Stalled(
            "no GitHub token: set GITHUB_TOKEN to one that may administer "
            f"{self.env.full_name}, or write login: {{type: githubApp}}",
            reason="NoToken",
        )

    def _allowed(self) -> dict[str, str]:
        """Of what the environment needs, what the installation has: GitHub gives no token for more."""
        granted = self.facts.granted
        wanted = permission_map(self.env).items()
        return {name: level for name, level in wanted if not judge_permissions(granted, {name: level}).missing}

    async def _client(self, name: str, tokens: Given | AppTokens | InstallationTokens) -> GitHub:
        if name not in self._clients:
            made = GitHub(self.endpoints, tokens, clock=self.clock)
            self._clients[name] = await self._exits.enter_async_context(made)
        return self._clients[name]
