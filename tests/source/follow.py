"""Follows a repository as a process of its own: `python -m tests.source.follow CACHE URL BRANCH TIMES`, prints SHAs."""

import asyncio
import sys
from pathlib import Path

from trimtab.clock import SystemClock
from trimtab.model.repository import RepositoryAccess
from trimtab.source.git import GitStore


async def follow(cache: str, url: str, branch: str, times: str) -> None:
    store = GitStore(Path(cache), clock=SystemClock())
    for _ in range(int(times)):
        checkout = await store.checkout(RepositoryAccess(url=url), branch)
        print(checkout.revision, checkout.read("file").decode().strip(), flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(follow(*sys.argv[1:]))
