"""A real OpenSSH server on loopback that serves Git repositories, for right, wrong and swapped keys.

    with OpenSsh(tmp_path / "ssh") as server:
        key = server.add_key()
        access = RepositoryAccess(url=server.url(repo.path), ssh_private_key=key, known_hosts=server.known_hosts)

It runs as whoever runs the tests and lets only that user in, who with a key may run `git-upload-pack` and nothing else.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh

_CONFIG = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/hostkey
PidFile {folder}/pid
AuthorizedKeysFile {folder}/authorized_keys
AllowUsers {user}
PermitRootLogin prohibit-password
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
AcceptEnv GIT_PROTOCOL
"""

_COMMAND = """#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in
"git-upload-pack '"*) ;;
*) echo "ERROR: only git-upload-pack is served here." >&2; exit 1 ;;
esac
path=${SSH_ORIGINAL_COMMAND#git-upload-pack \\'}
path=${path%\\'}
[ -d "$path" ] || { echo "ERROR: Repository not found." >&2; exit 1; }
exec git-upload-pack "$path"
"""


class OpenSsh:
    """`sshd` with its state in `folder`; `known_hosts` is the line that a client has to know."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = getpass.getuser()
        self.known_hosts = ""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        (self.folder / "authorized_keys").touch(mode=0o600)
        command = self.folder / "serve"
        command.write_text(_COMMAND)
        command.chmod(0o755)
        self.new_host_key()
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def url(self, repository: Path) -> str:
        return f"ssh://{self.user}@127.0.0.1:{self.port}{repository}"

    def add_key(self) -> str:
        """Let a new key in and return its private part."""
        key = asyncssh.generate_private_key("ssh-ed25519")
        line = f'restrict,command="{self.folder}/serve" {key.export_public_key().decode()}'
        with (self.folder / "authorized_keys").open("a") as file:
            file.write(line)
        return key.export_private_key().decode()

    def swap_host_key(self, algorithm: str = "ssh-ed25519") -> None:
        """Come back with another host key, as an interceptor would; `known_hosts` stays as it was."""
        known = self.known_hosts
        self._stop()
        self.new_host_key(algorithm)
        self._start()
        self.known_hosts = known

    def new_host_key(self, algorithm: str = "ssh-ed25519") -> None:
        key = asyncssh.generate_private_key(algorithm)
        path = self.folder / "hostkey"
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key())
        self.known_hosts = f"[127.0.0.1]:{self.port} {key.export_public_key().decode()}"

    def _start(self) -> None:
        daemon = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        assert daemon, "no sshd on this machine: apt-get install -y --no-install-recommends openssh-server"
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        config = self.folder / "sshd_config"
        config.write_text(_CONFIG.format(port=self.port, folder=self.folder, user=self.user))
        subprocess.run([daemon, "-f", str(config), "-E", str(self.folder / "log")], check=True)
        deadline = time.monotonic() + 10
        while not self._listens():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.01)

    def _stop(self) -> None:
        pid = int((self.folder / "pid").read_text())
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while self._listens():
            assert time.monotonic() < deadline, "sshd does not stop"
            time.sleep(0.01)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0 and (self.folder / "pid").exists()
