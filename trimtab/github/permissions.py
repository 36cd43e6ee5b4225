"""What a fine-grained token may write in a repository. GitHub tells it nowhere; trying does."""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from trimtab.github.client import GitHub
from trimtab.github.errors import Conflict, Forbidden, Invalid
from trimtab.github.paths import path


class Trial(Struct, frozen=True):
    """A request below the repository that GitHub turns down for its values, from whoever may send it."""

    below: tuple[str, ...]
    body: Mapping[str, Any]


TRIALS: Mapping[str, Trial] = {
    "administration": Trial(("keys",), {"title": "trimtab", "key": "none", "read_only": True}),
    "contents": Trial(("git", "refs"), {"ref": "refs/heads/trimtab/none", "sha": 40 * "0"}),
    "pull_requests": Trial(("pulls",), {"title": "trimtab", "head": "trimtab/none", "base": "trimtab/none"}),
    "repository_hooks": Trial(("hooks",), {"name": "web", "active": False, "config": {"url": ""}}),
}
"""Permission → the trial for `write`. A permission is looked at before any value: 403 without it, else 422 or 409."""


async def lacking(github: GitHub, repo: str, wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of `wanted` (names of `TRIALS`) that the token may not write in `repo`. Nothing is changed by asking."""
    return tuple([name for name in wanted if not await _may(github, repo, TRIALS[name])])


async def _may(github: GitHub, repo: str, trial: Trial) -> bool:
    try:
        with contextlib.suppress(Invalid, Conflict):
            await github.post(path("repos", repo, *trial.below), type(None), body=trial.body)
    except Forbidden:
        return False
    return True
