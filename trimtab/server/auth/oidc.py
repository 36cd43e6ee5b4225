"""Logging in with any OpenID Connect provider: authorization code flow with PKCE, state and nonce."""

import hmac
import logging
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec

from trimtab.access.sso import Oidc
from trimtab.clock import Clock
from trimtab.server.auth.connectors import Attempt, Identity, ProviderDown, Refused, words
from trimtab.server.auth.oidc_provider import Metadata, OidcProvider
from trimtab.server.auth.oidc_token import Claims, audience_of, verify
from trimtab.server.auth.pkce import challenge_of
from trimtab.server.auth.provider_web import Answer, ProviderWeb
from trimtab.server.auth.tokens import BadToken
from trimtab.text import one_line

log = logging.getLogger(__name__)


class OidcConnector:
    """One provider. Its word counts as long as its ID token does, so there is nothing to ask in between."""

    rechecks = False

    def __init__(self, provider: Oidc, web: ProviderWeb, clock: Clock) -> None:
        self.provider = provider
        self.published = OidcProvider(provider.issuer, web, clock)
        self._web = web
        self._clock = clock

    @property
    def callback_path(self) -> str:
        """As registered for an installation of Argo CD: its own, or its Dex's."""
        return "/auth/callback" if self.provider.source == "oidc.config" else "/api/dex/callback"

    async def begin(self, attempt: Attempt) -> str:
        """The provider's login page."""
        metadata = await self.published.metadata()
        query = {
            "client_id": self.provider.client_id,
            "redirect_uri": attempt.redirect_uri,
            "response_type": "code",
            "scope": " ".join(dict.fromkeys(("openid", *self.provider.scopes))),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge_of(attempt.verifier),
            "code_challenge_method": "S256",
        }
        if self.provider.claims:
            query["claims"] = msgspec.json.encode({"id_token": self.provider.claims}).decode()
        separator = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return f"{metadata.authorization_endpoint}{separator}{urlencode(query)}"

    async def finish(self, params: Mapping[str, str], attempt: Attempt) -> Identity:
        """Who it is. Raises Refused and ProviderDown."""
        if params.get("iss", self.provider.issuer) != self.provider.issuer:
            raise Refused("this login was answered by another provider; please begin again")
        metadata = await self.published.metadata()
        answer = await self._redeem(metadata, params.get("code", ""), attempt)
        try:
            claims = await self._verified(str(answer.get("id_token", "")), attempt.nonce)
            told = await self._user_info(metadata, str(answer.get("access_token", "")), claims)
        except BadToken as error:
            log.warning("login with %s: its ID token is refused: %s", self.provider.name, error)
            raise Refused(f"{self.provider.name} sends a login that cannot be trusted; please begin again") from error
        return self._identity({**claims, **told}, str(answer["id_token"]))

    async def recheck(self, identity: Identity) -> Identity:
        """The same."""
        return identity

    async def _redeem(self, metadata: Metadata, code: str, attempt: Attempt) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = {}
        if self.provider.client_secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            pair = f"{quote_plus(self.provider.client_id)}:{quote_plus(self.provider.client_secret)}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self.provider.client_id
            if self.provider.client_secret:
                form["client_secret"] = self.provider.client_secret
        answer = await self._web.post(metadata.token_endpoint, form, **headers)
        value = answer.json()
        if answer.status != 200 or not isinstance(value, dict) or not isinstance(value.get("id_token"), str):
            log.warning("login with %s: it gives no ID token: %s", self.provider.name, _error(answer))
            raise Refused(f"{self.provider.name} does not confirm this login; please begin again")
        return value

    async def _verified(self, id_token: str, nonce: str) -> Claims:
        client = self.provider.client_id
        now = int(self._clock.now().timestamp())
        claims = await verify(id_token, self.published, audiences=(client,), now=now)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise BadToken("the nonce is another")
        if claims.get("azp", client) != client or (len(audience_of(claims)) > 1 and "azp" not in claims):
            raise BadToken("it was issued to another client")
        return claims

    async def _user_info(self, metadata: Metadata, access_token: str, claims: Claims) -> Claims:
        """What the user info endpoint adds, when groups are to come from there."""
        if not self.provider.user_info_groups:
            return {}
        url = metadata.userinfo_endpoint
        if self.provider.user_info_path:
            url = f"{self.provider.issuer.rstrip('/')}/{self.provider.user_info_path.lstrip('/')}"
        if not url:
            raise ProviderDown(f"{self.provider.name} has no user info endpoint: set userInfoPath in oidc.config")
        answer = await self._web.get(url, authorization=f"Bearer {access_token}")
        told = answer.json()
        if answer.status != 200 or not isinstance(told, dict):
            raise ProviderDown(f"the user info endpoint of {self.provider.name} answers {answer.status}")
        if told.get("sub") != claims["sub"]:
            raise BadToken("user info is about somebody else")
        return {key: value for key, value in told.items() if key not in ("iss", "aud", "exp", "iat", "nbf", "sub")}

    def _identity(self, claims: Claims, id_token: str) -> Identity:
        keep_token = "{{token}}" in self.provider.logout_url
        return identity_of(self.provider, claims, credential=id_token.encode() if keep_token else b"")


def identity_of(provider: Oidc, claims: Claims, *, credential: bytes = b"") -> Identity:
    """Who verified claims are about. Another Dex says in `federated_claims` what its user is called. An address that
    the provider says it has not verified could be anybody's, so it is none.
    """
    federated = claims.get("federated_claims")
    user_id = federated.get("user_id") if isinstance(federated, dict) else None
    unverified = claims.get("email_verified") in (False, "false")
    return Identity(
        user_id=user_id if isinstance(user_id, str) and user_id else claims["sub"],
        username=_text(claims, "preferred_username"),
        name=_text(claims, "name"),
        email="" if unverified else _text(claims, "email"),
        groups=words(claims.get("groups")) if provider.groups else (),
        claims=claims,
        expires_at=int(claims["exp"]),
        credential=credential,
    )


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _error(answer: Answer) -> str:
    value = answer.json()
    error = value.get("error") if isinstance(value, dict) else None
    return one_line(f"{answer.status} {error if isinstance(error, str) else ''}")[:100]
