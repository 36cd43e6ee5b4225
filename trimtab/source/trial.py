"""A fetch for the sake of seeing that it works: of one commit, into a folder that is gone afterwards."""

import tempfile

from trimtab.errors import Retry
from trimtab.model.keys import Revision
from trimtab.model.repository import RepositoryAccess
from trimtab.source.app_logins import AppLogins
from trimtab.source.listing import ask, list_refs
from trimtab.source.process import GitFailed, GitTimeout, run_git

DEADLINE = 60.0


async def try_fetch(access: RepositoryAccess, *, logins: AppLogins, deadline: float = DEADLINE) -> Revision:
    """Fetch the newest commit, without its files where the server can leave them out; "" from an empty repository.

    Raises as `listing.ask`.
    """
    if not (await list_refs(access, logins=logins)).head:
        return Revision("")
    with tempfile.TemporaryDirectory(prefix="trimtab-trial-") as folder:
        try:
            await run_git(("init", "--quiet", "--bare", "--template=", folder), deadline=deadline)
            await ask(access, lambda url: _fetch(folder, url), logins=logins, deadline=deadline)
            return Revision((await run_git(("-C", folder, "rev-parse", "FETCH_HEAD"), deadline=deadline)).strip())
        except (GitFailed, GitTimeout) as error:
            raise Retry(f"{folder}: {error}: look at the disk of this machine", reason="GitFailed") from error


def _fetch(folder: str, url: str) -> tuple[str, ...]:
    return ("-C", folder, "fetch", "--quiet", "--depth=1", "--filter=tree:0", "--no-tags", "--", url, "HEAD")
