"""Logging in with GitHub, or GitHub Enterprise: the OAuth web flow, and who is in which organisation and team.

The person's own token asks, so no right of an App or of somebody else is needed. It can read their profile and
memberships (`read:org user:email`) and nothing more, and it comes along in the session, sealed.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from trimtab.access.sso import GitHub
from trimtab.access.sso_github import Admission, Membership, NotAdmitted, Team, admit
from trimtab.server.auth.connectors import Attempt, Identity, ProviderDown, Refused
from trimtab.server.auth.pkce import challenge_of
from trimtab.server.auth.provider_web import Answer, ProviderWeb
from trimtab.text import one_line

T = TypeVar("T")
log = logging.getLogger(__name__)
PAGE = 100
MOST_PAGES = 20
API_VERSION = "2022-11-28"
NONE_KNOWN: Mapping[str, int] = {}


class Credential(Struct, frozen=True):
    """What a session carries: the token, and the ids of the organisations that let in, by name."""

    token: str
    organisations: Mapping[str, int]


class Organisation(Struct, frozen=True):
    """As GitHub's API gives it; so are the next three."""

    login: str
    id: int


class User(Struct, frozen=True):
    """The person whose token it is."""

    id: int
    login: str
    name: str | None = None
    email: str | None = None


class FoundMembership(Struct, frozen=True):
    """Of an organisation."""

    organization: Organisation
    state: str


class FoundTeam(Struct, frozen=True):
    """A team that the person is in."""

    slug: str
    name: str
    organization: Organisation


class Email(Struct, frozen=True):
    """An address of the person."""

    email: str
    primary: bool = False
    verified: bool = False


class GitHubConnector:
    """A connector of type github."""

    callback_path = "/api/dex/callback"
    """What is registered with GitHub for an installation of Argo CD."""
    rechecks = True

    def __init__(self, provider: GitHub, web: ProviderWeb) -> None:
        self.provider = provider
        self._web = web
        self._advised: set[str] = set()

    async def begin(self, attempt: Attempt) -> str:
        """The page that asks for the person's consent."""
        query = {
            "client_id": self.provider.client_id,
            "redirect_uri": attempt.redirect_uri,
            "scope": "read:org user:email",
            "state": attempt.state,
            "code_challenge": challenge_of(attempt.verifier),
            "code_challenge_method": "S256",
        }
        return f"{self.provider.web_url}/login/oauth/authorize?{urlencode(query)}"

    async def finish(self, params: Mapping[str, str], attempt: Attempt) -> Identity:
        """Who it is. Raises Refused and ProviderDown."""
        form = {
            "client_id": self.provider.client_id,
            "client_secret": self.provider.client_secret,
            "code": params.get("code", ""),
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        answer = (await self._web.post(f"{self.provider.web_url}/login/oauth/access_token", form)).json()
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token or not token.isascii():
            # An error comes with status 200; its words are GitHub's own and hold no secret.
            error = answer.get("error") if isinstance(answer, dict) else "no JSON"
            log.warning("login with %s: it gives no token: %s", self.provider.name, one_line(str(error))[:100])
            raise Refused(f"{self.provider.name} does not confirm this login; please begin again")
        return await self._identity(token)

    async def recheck(self, identity: Identity) -> Identity:
        """The same person, as GitHub sees them now. Raises Refused and ProviderDown."""
        try:
            credential = msgspec.msgpack.decode(identity.credential, type=Credential)
        except msgspec.DecodeError as error:
            raise Refused("this session is of another version of the server; please log in again") from error
        now = await self._identity(credential.token, known=credential.organisations, email=identity.email)
        if now.user_id != identity.user_id:
            raise Refused(f"{self.provider.name} knows you by another name now; please log in again")
        return now

    async def _identity(self, token: str, *, known: Mapping[str, int] = NONE_KNOWN, email: str = "") -> Identity:
        user, memberships, teams = await asyncio.gather(
            self._one("/user", token, User),
            self._all("/user/memberships/orgs", token, list[FoundMembership]),
            self._all("/user/teams", token, list[FoundTeam]),
        )
        admission = admit(
            self.provider,
            [Membership(one.organization.login, one.organization.id, one.state) for one in memberships],
            [Team(one.organization.id, one.slug, one.name) for one in teams],
            known=known,
        )
        if isinstance(admission, NotAdmitted):
            log.info("%s: %s is refused: %s", self.provider.name, user.login, admission.detail or admission.reason)
            raise Refused(admission.reason)
        self._advise(admission)
        credential = Credential(token, {**admission.organisations, **known})
        return Identity(
            user_id=user.login if self.provider.use_login_as_id else str(user.id),
            username=user.login,
            name=user.name or user.login,
            email=user.email or email or await self._email(token),
            groups=admission.groups,
            credential=msgspec.msgpack.encode(credential),
        )

    def _advise(self, admission: Admission) -> None:
        for organisation in self.provider.orgs:
            number = admission.organisations.get(organisation.name)
            if number and not organisation.id and organisation.name not in self._advised:
                self._advised.add(organisation.name)
                log.warning(
                    "dex.config: connector %s: organisation %s is matched by name: add id: %d to it, or whoever "
                    "registers that name should it become free can log in",
                    self.provider.id,
                    organisation.name,
                    number,
                )

    async def _email(self, token: str) -> str:
        """The primary address, when it is not public. Nobody is refused because it cannot be had."""
        answer = await self._get("/user/emails", token)
        try:
            emails = msgspec.convert(answer.json(), list[Email])
        except msgspec.ValidationError:
            return ""
        return next((one.email for one in emails if one.primary and one.verified), "")

    async def _one(self, path: str, token: str, kind: type[T]) -> T:
        return self._decoded(await self._get(path, token), kind)

    async def _all(self, path: str, token: str, kind: type[list[T]]) -> list[T]:
        found: list[T] = []
        for page in range(1, MOST_PAGES + 1):
            answer = await self._get(f"{path}?per_page={PAGE}&page={page}", token)
            found += self._decoded(answer, kind)
            if 'rel="next"' not in answer.headers.get("link", ""):
                break
        return found

    async def _get(self, path: str, token: str) -> Answer:
        """Raises Refused when the token no longer counts, ProviderDown when GitHub has had enough of us."""
        answer = await self._web.get(
            f"{self.provider.api_url}{path}",
            authorization=f"Bearer {token}",
            accept="application/vnd.github+json",
            **{"x-github-api-version": API_VERSION},
        )
        if answer.status == 401:
            raise Refused(f"{self.provider.name} no longer accepts your login; please log in again")
        limited = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
        if answer.status == 403 and limited:
            raise ProviderDown(f"{self.provider.name} allows no more questions for now")
        return answer

    def _decoded(self, answer: Answer, kind: type[T]) -> T:
        if answer.status != 200:
            raise Refused(
                f"{self.provider.name} answers {answer.status} when asked for your organisations: an owner of the "
                "organisation may have to approve this application"
            )
        try:
            return msgspec.convert(answer.json(), kind)
        except msgspec.ValidationError as error:
            raise ProviderDown(f"{self.provider.name} gives an answer that is not GitHub's") from error
