"""Real `git`, as a client of the fake GitHub."""

import asyncio
import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class GitFailed(Exception):
    """What Git printed."""


async def git(*arguments: str, ssh_command: str = "", cwd: Path | None = None) -> str:
    """What Git prints on its output. Raises GitFailed."""
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.com",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.com",
        "GIT_SSH_COMMAND": ssh_command,
    }
    process = await asyncio.create_subprocess_exec(
        "git", *arguments, cwd=cwd, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise GitFailed(errors.decode())
    return output.decode()


async def clone_and_commit(url: str, folder: Path, *, ssh_command: str = "", file: str = "new.txt") -> Path:
    """A clone with a commit more."""
    await git("clone", "-q", url, str(folder), ssh_command=ssh_command)
    (folder / file).write_text("new\n")
    await git("add", ".", cwd=folder)
    await git("commit", "-q", "-m", f"Add {file}", cwd=folder)
    return folder


def key_pair(folder: Path, name: str = "key") -> tuple[Path, str]:
    """A file with a new private key, and the public one."""
    key = Ed25519PrivateKey.generate()
    path = folder / name
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return path, public.decode()


def ssh_command(key: Path, known_hosts: str) -> str:
    """ssh with one key, that trusts one host key."""
    known = key.with_name(f"{key.name}.known_hosts")
    known.write_text(f"{known_hosts}\n")
    return (
        f"ssh -F /dev/null -i {key} -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile={known}"
        " -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -o BatchMode=yes -o ConnectTimeout=10"
    )
