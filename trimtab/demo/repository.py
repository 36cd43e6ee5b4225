"""The demo's Git repository: a bare one that the controller follows, and a working copy for the user."""

import asyncio
import os
from pathlib import Path

from trimtab.errors import Stalled


class Repository:
    """`remote` is what Applications point to; `checkout` is where the user edits, commits and pushes."""

    def __init__(self, folder: Path) -> None:
        self.remote = folder / "shop.git"
        self.checkout = folder / "shop"

    @property
    def url(self) -> str:
        return f"file://{self.remote}"

    async def create(self) -> None:
        self.remote.parent.mkdir(parents=True, exist_ok=True)
        await _git("init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        await _git("clone", "--quiet", str(self.remote), str(self.checkout))
        for name, value in (("user.name", "Demo"), ("user.email", "demo@example.com"), ("commit.gpgsign", "false")):
            await _git("-C", str(self.checkout), "config", name, value)

    async def push(self, message: str, files: dict[str, str | None]) -> str:
        """Commit `files` (None removes one) and push; the short SHA."""
        for name, content in files.items():
            path = self.checkout / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
        await _git("-C", str(self.checkout), "add", "--all")
        await _git("-C", str(self.checkout), "commit", "--quiet", "--message", message)
        await _git("-C", str(self.checkout), "push", "--quiet", "origin", "HEAD:main")
        return await _git("-C", str(self.checkout), "rev-parse", "--short=7", "HEAD")


async def _git(*arguments: str) -> str:
    """Output of a git command. Raises Stalled with what git said."""
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), "GIT_TERMINAL_PROMPT": "0"}
    process = await asyncio.create_subprocess_exec(
        "git",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise Stalled(f"git {arguments[0]}: {errors.decode().strip()}")
    return output.decode().strip()
