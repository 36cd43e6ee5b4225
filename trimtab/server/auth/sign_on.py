"""Single sign-on as one server process has it: the connectors that are in force, and what it remembers of sessions."""

import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp

from trimtab.access.sso import GitHub, Oidc, Problem, Provider, Reading, SignOnConfig, in_force
from trimtab.access.sso_read import read_sign_on
from trimtab.clock import Clock
from trimtab.model.names import ARGOCD_CM, ARGOCD_SECRET
from trimtab.render import yaml
from trimtab.server.auth.connectors import Connector
from trimtab.server.auth.github import GitHubConnector
from trimtab.server.auth.limits import AddressLimit
from trimtab.server.auth.login_state import LoginStates
from trimtab.server.auth.oidc import OidcConnector
from trimtab.server.auth.provider_web import ProviderWeb
from trimtab.server.auth.rechecks import Rechecks
from trimtab.server.auth.secrets import secret_data
from trimtab.server.configuration import Configuration

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def signing_on(configuration: Configuration, clock: Clock) -> AsyncIterator["SignOn"]:
    """Single sign-on at work until the context ends."""
    # What a provider wants a browser to keep is one person's: it must not come along with the next one's login.
    async with aiohttp.ClientSession(trust_env=True, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield SignOn(session, configuration, clock)


class SignOn:
    """`config` and `connectors` follow the ConfigMaps and Secrets, and outlast broken ones."""

    def __init__(self, session: aiohttp.ClientSession, configuration: Configuration, clock: Clock) -> None:
        self._session = session
        self._configuration = configuration
        self._clock = clock
        self._good: SignOnConfig | None = None
        self._told: tuple[Problem, ...] = ()
        self.config = SignOnConfig()
        self.connectors: Mapping[str, Connector] = {}
        self.states = LoginStates(clock)
        self.rechecks = Rechecks(clock)
        self.addresses = AddressLimit()
        configuration.on_change(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Read the configuration; a connector that is still the same keeps what it knows."""
        reading = read_sign_on(
            self._configuration.config_map(ARGOCD_CM),
            secrets=self._secret,
            decode=_decoded,
        )
        self._tell(reading)
        if not reading.broken:
            self._good = reading.config
        # A server that starts on a broken configuration has nothing but what can be read of it.
        self.config = in_force(self._good or reading.config, reading)
        self.connectors = {provider.id: self._connector(provider) for provider in self.config.providers}

    @property
    def scopes(self) -> tuple[str, ...]:
        """The claims that hold groups."""
        return self._configuration.rights.scopes

    def issuer_of(self, provider: Provider) -> str:
        """Who vouches for a person, as API clients see it: what Argo CD shows for people who came through its Dex."""
        if isinstance(provider, Oidc) and provider.source == "oidc.config":
            return provider.issuer
        return f"{self.config.urls[0] if self.config.urls else ''}/api/dex"

    def by_issuer(self, issuer: str) -> OidcConnector | None:
        """The provider whose own tokens the API takes."""
        own = (one for one in self.connectors.values() if isinstance(one, OidcConnector) and one.provider.audiences)
        return next((one for one in own if one.provider.issuer == issuer), None)

    def _tell(self, reading: Reading) -> None:
        self._configuration.tell(ARGOCD_CM, tuple(str(one) for one in reading.problems if one.fatal))
        for problem in reading.problems:
            if not problem.fatal and problem not in self._told:
                log.warning("%s: %s", ARGOCD_CM, problem)
        self._told = reading.problems

    def _connector(self, provider: Provider) -> Connector:
        known = self.connectors.get(provider.id)
        if known is not None and known.provider == provider:
            return known
        web = ProviderWeb(self._session, name=provider.name, root_ca=provider.root_ca)
        if isinstance(provider, GitHub):
            return GitHubConnector(provider, web)
        return OidcConnector(provider, web, self._clock)

    def _secret(self, name: str, key: str) -> str | None:
        """Only of Secrets that are Argo CD's: whoever may write argocd-cm may not read all others by it."""
        manifest = self._configuration.object("Secret", name)
        labels = ((manifest or {}).get("metadata") or {}).get("labels") or {}
        if name != ARGOCD_SECRET and labels.get("app.kubernetes.io/part-of") != "argocd":
            return None
        value = secret_data(manifest).get(key)
        try:
            return value.decode() if value is not None else None
        except UnicodeDecodeError:
            return None


def _decoded(text: str, origin: str) -> Any:
    return yaml.load(text, origin=origin)
