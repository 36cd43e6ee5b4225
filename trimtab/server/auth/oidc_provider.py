"""What an OpenID Connect provider publishes of itself: its endpoints (discovery) and its keys, kept for a while."""

from collections.abc import Mapping

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet
from msgspec import Struct

from trimtab.access.sso_section import is_confidential
from trimtab.clock import Clock
from trimtab.server.auth.connectors import ProviderDown
from trimtab.server.auth.fetched import RETRY_SECONDS, Fetched
from trimtab.server.auth.provider_web import ProviderWeb

DISCOVERY_SECONDS = 3600.0
KEYS_SECONDS = 600.0
"""A key that the provider takes back is no longer accepted after this."""
KEEP_SECONDS = 3600.0
"""So long the last keys count when the provider is down."""
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519")
"""Signatures by a key that the provider alone has: `none` and shared secrets are not among them."""


class Metadata(Struct, frozen=True):
    """The discovery document, as far as it matters here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)

    @property
    def algorithms(self) -> list[str]:
        """Those that both sides take."""
        return [name for name in ALGORITHMS if name in self.id_token_signing_alg_values_supported]


class OidcProvider:
    """`issuer` is as configured, letter by letter."""

    def __init__(self, issuer: str, web: ProviderWeb, clock: Clock) -> None:
        self.issuer = issuer
        self._web = web
        self._metadata = Fetched(self._discover, keep=float("inf"), clock=clock)
        self._keys = Fetched(self._fetch_keys, keep=KEEP_SECONDS, clock=clock)

    async def metadata(self) -> Metadata:
        """Raises ProviderDown."""
        return await self._metadata.get(oldest=DISCOVERY_SECONDS)

    async def key(self, kid: str | None, algorithm: str) -> Key | None:
        """The public key of that id, None for one that the provider does not have. Raises ProviderDown."""
        found = _pick(await self._keys.get(oldest=KEYS_SECONDS), kid, algorithm)
        if found is None:
            found = _pick(await self._keys.get(oldest=RETRY_SECONDS), kid, algorithm)
        return found

    async def _discover(self) -> Metadata:
        url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        answer = await self._web.get(url)
        if answer.status != 200:
            raise ProviderDown(f"{url} answers {answer.status}")
        try:
            found = msgspec.convert(answer.json(), Metadata)
        except msgspec.ValidationError as error:
            raise ProviderDown(f"{url} is no discovery document: {error}") from error
        if found.issuer != self.issuer:
            raise ProviderDown(f"{url} is of issuer {found.issuer!r}: write issuer: {found.issuer} if that is meant")
        endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint)
        if not all(is_confidential(endpoint) for endpoint in endpoints if endpoint):
            raise ProviderDown(f"{url} names an endpoint that is not https: no secret goes there")
        return found

    async def _fetch_keys(self) -> KeySet:
        answer = await self._web.get((await self.metadata()).jwks_uri)
        value = answer.json()
        if answer.status != 200 or not isinstance(value, dict) or not isinstance(value.get("keys"), list):
            raise ProviderDown(f"{self.issuer} shows no keys")
        usable = [key for key in map(_key, value["keys"]) if key is not None]
        if not usable:
            raise ProviderDown(f"{self.issuer} shows no key that can be used")
        return KeySet(usable)


def _key(value: object) -> Key | None:
    """A public signing key; None for anything else, above all for shared secrets."""
    if not isinstance(value, Mapping) or value.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    if value.get("use", "sig") != "sig":
        return None
    try:
        return KeySet.import_key_set({"keys": [dict(value)]}).keys[0]
    except (JoseError, ValueError, TypeError, KeyError):
        return None


KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


def _pick(keys: KeySet, kid: str | None, algorithm: str) -> Key | None:
    """By id; a token without one needs a provider with one key of that type."""
    fitting = [key for key in keys if key.key_type == KEY_TYPES[algorithm[:2]]]
    if kid is None:
        return fitting[0] if len(fitting) == 1 else None
    return next((key for key in fitting if key.kid == kid), None)
