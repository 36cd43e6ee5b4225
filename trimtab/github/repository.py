"""Repositories (`owner/name`). Permission: metadata, read."""

from trimtab.github.client import GitHub
from trimtab.github.nouns import Repository
from trimtab.github.paths import path


async def get_repository(github: GitHub, repo: str) -> Repository:
    """Raises NotFound for one that does not exist, or that the token may not see."""
    return await github.get(path("repos", repo), Repository)
