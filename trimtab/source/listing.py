"""What a remote repository has, asked without bringing any of it: for forms, and to see whether it can be reached."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from trimtab.model.keys import Revision
from trimtab.model.known_hosts import names_host
from trimtab.model.repository import RepositoryAccess
from trimtab.source.app_logins import AppLogins
from trimtab.source.credentials import login
from trimtab.source.failures import explain, local_failure, timed_out
from trimtab.source.process import GitFailed, GitTimeout, run_git
from trimtab.source.url import RepositoryUrl, parse_url

DEADLINE = 15.0
"""Argo CD's deadline of a request to a Git server, in seconds."""
HEADS, TAGS = "refs/heads/", "refs/tags/"


class Listing(Struct, frozen=True):
    """Names without their prefix, sorted; `head` is the commit of HEAD, "" in an empty repository."""

    head: Revision
    branches: tuple[str, ...]
    tags: tuple[str, ...]


async def list_refs(access: RepositoryAccess, *, logins: AppLogins, deadline: float = DEADLINE) -> Listing:
    """Ask the remote. Raises as `ask`."""
    return _read(await ask(access, lambda url: ("ls-remote", "--quiet", "--", url), logins=logins, deadline=deadline))


async def ask(
    access: RepositoryAccess, arguments: Callable[[str], Sequence[str]], *, logins: AppLogins, deadline: float
) -> str:
    """What git prints of a remote; `arguments`: git's, from the remote's URL.

    Raises Retry and Stalled with the reasons of `url.py`, `failures.py` and `app_logins.py`.
    """
    url = parse_url(access.url)
    access = await logins.resolved(url, access)
    try:
        with login(url, access) as how:
            try:
                return await run_git(
                    arguments(url.url), deadline=deadline, config=how.config, environment=how.environment
                )
            except GitTimeout as timeout:
                raise timed_out(url.url, seconds=timeout.seconds) from None
            except GitFailed as failure:
                known = _host_is_known(url, access)
                raise explain(failure.stderr, url=url.url, secrets=how.secrets, host_is_known=known) from None
    except OSError as error:
        raise local_failure(error, url=url.url) from error


def _host_is_known(url: RepositoryUrl, access: RepositoryAccess) -> bool:
    return url.scheme == "ssh" and names_host(access.known_hosts, url.host)


def _read(said: str) -> Listing:
    """Lines of `SHA TAB reference`; `^{}` marks what an annotated tag is of."""
    lines = [line.partition("\t") for line in said.splitlines()]
    refs = {name: sha for sha, _, name in lines if name}
    names = sorted(name for name in refs if not name.endswith("^{}"))
    return Listing(
        head=Revision(refs.get("HEAD", "")),
        branches=tuple(name.removeprefix(HEADS) for name in names if name.startswith(HEADS)),
        tags=tuple(name.removeprefix(TAGS) for name in names if name.startswith(TAGS)),
    )
