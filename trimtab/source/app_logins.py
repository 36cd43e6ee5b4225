"""Logging in to a repository as a GitHub App: its installation's token, for this one repository, to read it.

Tokens are shared by all who fetch the same repository, and live as long as `InstallationTokens` says.
"""

from collections import OrderedDict

from msgspec.structs import replace

from trimtab.clock import Clock
from trimtab.errors import Retry, Stalled, TrimtabError
from trimtab.github.app import AppTokens, InstallationTokens, find_installation
from trimtab.github.client import GitHub
from trimtab.github.endpoints import enterprise
from trimtab.model.repository import GitHubAppLogin, RepositoryAccess
from trimtab.source.url import RepositoryUrl

USER = "x-access-token"
GITHUB = "github.com"
PERMISSIONS = {"contents": "read"}
NUMBERS = "githubAppID, githubAppInstallationID and githubAppPrivateKey"

MOST_APPS = 64
"""Connected to at once: keys that were rotated, and keys that somebody tries, must not pile up."""

_Key = tuple[GitHubAppLogin, str]


class AppLogins:
    """Tokens of Apps; `close()` ends the connections."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._apps: OrderedDict[tuple[GitHubAppLogin, str], GitHub] = OrderedDict()
        self._tokens: dict[_Key, InstallationTokens] = {}

    async def resolved(self, url: RepositoryUrl, access: RepositoryAccess) -> RepositoryAccess:
        """`access` with the App's token as its password, or as it is where it names no App, or another login.

        As with Argo CD, a password or a bearer token counts before the App. Raises Retry and Stalled with the reasons
        of `trimtab.github`, and GitHubAppIncomplete.
        """
        if not _is_by_app(url, access):
            return access
        assert access.github_app is not None
        _check(url, access.github_app)
        try:
            token = await (await self._source(url, access, access.github_app)).token()
        except TrimtabError as error:
            raise _explained(url, access.github_app, error) from error
        return replace(access, username=USER, password=token)

    def refused(self, url: RepositoryUrl, access: RepositoryAccess) -> bool:
        """The token at hand was not accepted by the repository's server. Whether there will be another one."""
        if access.github_app is None:
            return False
        return self._tokens.pop((access.github_app, _repository(url)), None) is not None

    async def close(self) -> None:
        """End the connections."""
        self._tokens.clear()
        while self._apps:
            await self._close_oldest()

    async def _source(self, url: RepositoryUrl, access: RepositoryAccess, login: GitHubAppLogin) -> InstallationTokens:
        key = (login, _repository(url))
        if key not in self._tokens:
            app = await self._app(login, access.proxy)
            owner, _, name = _repository(url).partition("/")
            number = login.installation_id or (await find_installation(app, owner, name)).id
            self._tokens[key] = InstallationTokens(app, int(number), repositories=[name], permissions=PERMISSIONS)
        return self._tokens[key]

    async def _app(self, login: GitHubAppLogin, proxy: str) -> GitHub:
        key = (login, proxy)
        if key not in self._apps:
            source = AppTokens(login.app_id, login.private_key, clock=self._clock)
            endpoints = enterprise(login.base_url, ca_pem=login.ca_pem)
            opened = GitHub(endpoints, source, clock=self._clock, proxy=proxy)
            self._apps[key] = await opened.__aenter__()
            if len(self._apps) > MOST_APPS:
                await self._close_oldest()
        self._apps.move_to_end(key)
        return self._apps[key]

    async def _close_oldest(self) -> None:
        (login, _), app = self._apps.popitem(last=False)
        for key in [key for key in self._tokens if key[0] == login]:
            del self._tokens[key]
        await app.__aexit__(None, None, None)


def _is_by_app(url: RepositoryUrl, access: RepositoryAccess) -> bool:
    if access.github_app is None:
        return False
    if url.scheme == "ssh":
        if access.ssh_private_key:
            return False
        raise Stalled(
            f"{url.url}: a GitHub App cannot log in over ssh; write the repository's https URL", reason="GitHubAppURL"
        )
    given = (access.username, access.password, access.bearer_token, url.username, url.password)
    return url.scheme != "file" and not any(given)


def _check(url: RepositoryUrl, login: GitHubAppLogin) -> None:
    if not (login.app_id.isalnum() or "." in login.app_id) or not login.private_key.strip():
        what = "githubAppPrivateKey" if login.app_id else "githubAppID"
        raise _refuse(url, f"{what} is missing; a GitHub App is {NUMBERS}")
    if login.installation_id and not login.installation_id.isdecimal():
        raise _refuse(url, "githubAppInstallationID is no number; correct it, or leave it out")
    if not login.base_url and url.host != GITHUB:
        raise _refuse(url, "githubAppEnterpriseBaseUrl is missing: the API of the GitHub Enterprise that it is on")
    if _repository(url).count("/") != 1:
        raise _refuse(url, "it is not of the form https://HOST/OWNER/NAME, as GitHub's repositories are")


def _refuse(url: RepositoryUrl, why: str) -> Stalled:
    return Stalled(f"{url.url}: {why}", reason="GitHubAppIncomplete")


def _repository(url: RepositoryUrl) -> str:
    """`owner/name`"""
    return url.key.partition("://")[2].partition("/")[2]


def _explained(url: RepositoryUrl, login: GitHubAppLogin, error: TrimtabError) -> TrimtabError:
    doing = f"{url.url}: logging in as GitHub App {login.app_id}: {error.message}"
    if isinstance(error, Retry):
        return Retry(doing, reason=error.reason, after=error.after)
    advice = _ADVICE.get(error.reason, f"check {NUMBERS} in the repository Secret")
    return Stalled(f"{doing}; {advice}", reason=error.reason)


_ADVICE = {
    "GitHubNotFound": "install the App for this repository, and check githubAppID and githubAppInstallationID",
    "GitHubInvalid": "let the App's installation reach this repository, and give it the permission contents: read",
    "GitHubTokenRefused": "check githubAppID, that githubAppPrivateKey is one of its keys, and this machine's clock",
    "GitHubForbidden": "the installation may be suspended: its owner can take that back in GitHub's settings",
}
