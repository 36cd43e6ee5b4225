"""Git repositories → `Checkout`: one mirror per repository, shared by all applications that name it."""

from pathlib import Path

from trimtab.clock import Clock
from trimtab.errors import Stalled
from trimtab.model.keys import Revision
from trimtab.model.repository import RepositoryAccess
from trimtab.source.checkout import Checkout
from trimtab.source.mirror import BRANCHES_AND_TAGS, Mirror, Remote
from trimtab.source.refs import RepositoryRefs
from trimtab.source.revision import find_revision, full_sha
from trimtab.source.tree import open_repository
from trimtab.source.url import RepositoryUrl, parse_url


class GitStore:
    """The mirrors under `cache`, a folder that may be deleted whenever nothing uses it."""

    def __init__(self, cache: Path, *, clock: Clock, deadline: float = 90.0) -> None:
        self._cache = cache
        self._clock = clock
        self._deadline = deadline

    async def resolve(self, access: RepositoryAccess, target_revision: str) -> Revision:
        """The commit that `target_revision` means now."""
        url = parse_url(access.url)
        mirror = self._mirror(url)
        sha = full_sha(target_revision)
        if sha and mirror.has(sha):
            return sha
        remote = Remote(url.url, config={}, environment={"GIT_ALLOW_PROTOCOL": url.scheme}, deadline=self._deadline)
        async with mirror.locked(patience=self._deadline):
            await mirror.fetch(remote, BRANCHES_AND_TAGS)
            return find_revision(target_revision, RepositoryRefs(open_repository(mirror.git_dir)), url=url.url)

    async def checkout(self, access: RepositoryAccess, target_revision: str, path: str = "") -> Checkout:
        """The files of `target_revision`, with `path` checked to be a folder in it."""
        url = parse_url(access.url)
        revision = await self.resolve(access, target_revision)
        checkout = Checkout(url.url, revision, path.strip("/"), self._mirror(url).git_dir)
        found = checkout.find(path)
        if found is None or found.kind != "folder":
            raise Stalled(
                f"{path}: app path does not exist in {url.url} at {revision[:12]}; commit it or correct the path",
                reason="PathNotFound",
            )
        return checkout

    def _mirror(self, url: RepositoryUrl) -> Mirror:
        return Mirror(self._cache / f"{url.folder}.git")
