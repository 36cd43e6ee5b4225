"""What an installation can set: the defaults are Argo CD's."""

import os
from pathlib import Path

from msgspec import Struct


class Settings(Struct, frozen=True, kw_only=True):
    """`poll` and `jitter` are seconds: each application is looked at again after poll + 0…jitter.

    `calm`: after a look, changes of live objects wait this many seconds: a rollout changes its Deployment a dozen
    times. `workers`: applications refreshed side by side. `parallel_renders`: worker processes.
    """

    namespace: str = "argocd"
    cache: Path
    poll: float = 120.0
    jitter: float = 60.0
    calm: float = 1.0
    workers: int = 20
    parallel_renders: int = 2


def default_cache() -> Path:
    """`$XDG_CACHE_HOME/trimtab`: deleting it loses nothing."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "trimtab"
