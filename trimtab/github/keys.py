"""Deploy keys of a repository (`owner/name`). Permission: administration, read to list, write to change."""

from trimtab.github.client import GitHub
from trimtab.github.nouns import DeployKey
from trimtab.github.paths import path


async def list_keys(github: GitHub, repo: str) -> list[DeployKey]:
    """All of them."""
    return await github.pages(path("repos", repo, "keys"), DeployKey)


async def add_key(github: GitHub, repo: str, *, title: str, key: str, read_only: bool = True) -> DeployKey:
    """`key`: the public half, `ssh-ed25519 AAAA…`. Raises Invalid when it is in use, here or elsewhere."""
    body = {"title": title, "key": key, "read_only": read_only}
    return await github.post(path("repos", repo, "keys"), DeployKey, body=body)


async def delete_key(github: GitHub, repo: str, key_id: int) -> None:
    """Raises NotFound when it is gone already."""
    await github.delete(path("repos", repo, "keys", key_id))
