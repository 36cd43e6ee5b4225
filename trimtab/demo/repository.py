"""The demo's Git repository: a remote one that the controller follows, and a working copy for the user."""

import asyncio
import os
from pathlib import Path

from trimtab.errors import Stalled


class Repository:
    """`url` is what Applications point to; `checkout` is where the user edits, commits and pushes."""

    def __init__(self, checkout: Path, *, url: str) -> None:
        self.checkout = checkout
        self.url = url

    @classmethod
    async def create(cls, folder: Path) -> "Repository":
        """An empty one, whose remote is in `folder`, too."""
        remote = folder / "shop.git"
        await _git("init", "--quiet", "--bare", "--initial-branch=main", str(remote))
        made = cls(folder / "shop", url=f"file://{remote}")
        await made.clone()
        return made

    async def clone(self, *, ssh: str = "") -> None:
        """Check it out; `ssh` is the command that Git reaches the remote by, now and later."""
        own = {"user.name": "Demo", "user.email": "demo@example.com", "commit.gpgsign": "false"}
        own |= {"core.sshCommand": ssh} if ssh else {}
        settings = [argument for name, value in own.items() for argument in ("--config", f"{name}={value}")]
        await _git("clone", "--quiet", *settings, self.url, str(self.checkout))

    async def push(self, message: str, files: dict[str, str | None]) -> str:
        """Commit `files` (None removes one), and whatever else has changed, and push; the short SHA."""
        for name, content in files.items():
            path = self.checkout / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
        await self.git("add", "--all")
        await self.git("commit", "--quiet", "--message", message)
        await self.git("push", "--quiet", "origin", "HEAD:main")
        return await self.git("rev-parse", "--short=7", "HEAD")

    async def git(self, *arguments: str) -> str:
        """Output of a git command in the checkout. Raises Stalled with what git said."""
        return await _git(*arguments, inside=self.checkout)


async def _git(*arguments: str, inside: Path | None = None) -> str:
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), "GIT_TERMINAL_PROMPT": "0"}
    process = await asyncio.create_subprocess_exec(
        "git",
        *arguments,
        cwd=inside,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise Stalled(f"git {arguments[0]}: {errors.decode().strip()}")
    return output.decode().strip()
