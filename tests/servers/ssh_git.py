"""A Git server over SSH in this process (asyncssh): needs neither an account nor an sshd on the machine.

async with SshGit(tmp_path) as server:
    key = server.add_key()
    server.url("app.git"), server.known_hosts
"""

import asyncio
import contextlib
import os
import shlex
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncssh


class SshGit(asyncssh.SSHServer):
    """Serves the repositories in `root` to user `git`, read-only, to the keys that were added."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = 0
        self.known_hosts = ""
        self.hang = False
        self._keys: list[asyncssh.SSHKey] = []
        self._acceptor: asyncssh.SSHAcceptor | None = None

    async def __aenter__(self) -> Self:
        host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: self,
            server_host_keys=[host_key],
            process_factory=self._serve,
            encoding=None,
        )
        self.port = self._acceptor.get_port()
        self.known_hosts = f"[127.0.0.1]:{self.port} {host_key.export_public_key().decode()}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._acceptor
        self._acceptor.close()
        await self._acceptor.wait_closed()

    def url(self, repository: str) -> str:
        return f"ssh://git@127.0.0.1:{self.port}/{repository}"

    def add_key(self, algorithm: str = "ssh-ed25519") -> str:
        key = asyncssh.generate_private_key(algorithm)
        self._keys.append(key)
        return key.export_private_key().decode()

    def forget_keys(self) -> None:
        """No key that was added counts any more."""
        self._keys.clear()

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == "git" and any(key.public_data == known.public_data for known in self._keys)

    async def _serve(self, process: "asyncssh.SSHServerProcess[Any]") -> None:
        if self.hang:
            await asyncio.sleep(3600)
        service, path = shlex.split(process.command or "nothing nowhere")
        repository = self.root / path.strip("/")
        if service != "git-upload-pack" or not repository.is_dir():
            process.stderr.write(b"ERROR: Repository not found.\n")
            process.exit(1)
            return
        protocol = process.env.get("GIT_PROTOCOL", "version=0")
        git = await asyncio.create_subprocess_exec(
            "git-upload-pack",
            str(repository),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "GIT_PROTOCOL": protocol},
        )
        assert git.stdin and git.stdout
        asking = asyncio.create_task(_pump(process.stdin.read, git.stdin))
        await _pump(git.stdout.read, process.stdout)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        process.exit(await git.wait())


async def _pump(read: Callable[[int], Awaitable[bytes]], write: Any) -> None:
    while data := await read(1 << 16):
        write.write(data)
        await write.drain()
    with contextlib.suppress(OSError):
        write.write_eof()
