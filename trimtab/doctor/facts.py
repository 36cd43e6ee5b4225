"""What a check may ask: the cluster, GitHub, and what is declared. Everything is read, nothing written."""

import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from trimtab.clock import Clock
from trimtab.environment.environment import Environment
from trimtab.environment.names import APP
from trimtab.errors import Stalled
from trimtab.github.app import AppTokens
from trimtab.github.client import GitHub
from trimtab.github.endpoints import Endpoints, endpoints_of
from trimtab.github.tokens import Given, TokenSource
from trimtab.kube import read
from trimtab.kube.discovery import Discovery, UnknownKind
from trimtab.kube.errors import NotFound
from trimtab.kube.transport import Transport
from trimtab.model.credentials import secret_text
from trimtab.model.keys import Manifest


class Facts:
    """Use as `async with Facts(env, …) as facts`. `token`: GitHub's, of whoever asks, "" for none. `installed`: what
    `trimtab install` makes for this environment, () where that is not to be compared. `inside`: looked at from within
    the cluster, where the UI may be out of reach, and its authority unknown. Methods raise TrimtabErrors.
    """

    def __init__(
        self,
        env: Environment,
        *,
        transport: Transport,
        discovery: Discovery,
        clock: Clock,
        token: str = "",
        installed: Sequence[Manifest] = (),
        inside: bool = False,
    ) -> None:
        self.env = env
        self.transport = transport
        self.discovery = discovery
        self.clock = clock
        self.token = token
        self.installed = installed
        self.inside = inside
        self._exits = contextlib.AsyncExitStack()

    def __repr__(self) -> str:
        return f"Facts({self.env.name!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    async def object(self, kind: str, name: str, *, group: str = "") -> Manifest | None:
        """One of the control namespace; None where there is none."""
        with contextlib.suppress(NotFound, UnknownKind):
            resource = await self.discovery.find(group, kind)
            return await read.get(self.transport, resource, name, namespace=self.env.namespace)
        return None

    async def objects(self, kind: str, *, group: str = "", selector: str = "") -> list[Manifest]:
        """Those of the control namespace with these labels."""
        resource = await self.discovery.find(group, kind)
        listed = await read.list_observed(
            self.transport, resource, namespace=self.env.namespace, label_selector=selector
        )
        return [read.decode_manifest(one.raw, kind) for one in listed]

    async def data(self, kind: str, name: str) -> dict[str, str]:
        """Of a ConfigMap or a Secret, decoded; {} where there is none."""
        found = await self.object(kind, name) or {}
        return secret_text(found) if kind == "Secret" else dict(found.get("data") or {})

    async def github(self, tokens: TokenSource | None = None, *, endpoints: Endpoints | None = None) -> GitHub:
        """The environment's, asked as nobody or with these tokens, until the facts are closed."""
        made = GitHub(endpoints or endpoints_of(self.env), tokens or Given(), clock=self.clock)
        return await self._exits.enter_async_context(made)

    async def as_app(self) -> GitHub | None:
        """GitHub asked as the environment's App; None where it has none."""
        app = await self.data("Secret", APP)
        if not app.get("privateKey"):
            return None
        return await self.github(AppTokens(app["id"], app["privateKey"], clock=self.clock))

    async def as_person(self) -> GitHub:
        """GitHub asked with the token of whoever asks. Raises Stalled where they gave none."""
        if not self.token:
            raise Stalled("no GitHub token is given: set GITHUB_TOKEN", reason="NoToken")
        return await self.github(Given(self.token))
