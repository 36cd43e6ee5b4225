"""Git over SSH: a real OpenSSH server whose keys are the fake GitHub's.

Whoever runs this is who serves; clients log in as `git` all the same where `libnss_wrapper` is installed, which tells
sshd that there is such an account (`user` says whom to log in as).
"""

import asyncio
import getpass
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from trimtab.errors import Stalled
from trimtab.fakegithub import git_store, ssh_session
from trimtab.fakegithub.doors import Admitted, Refused, by_ssh, keys
from trimtab.fakegithub.world import World

_CONFIG = """
ListenAddress 127.0.0.1:{port}
{host_keys}
PidFile none
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
_SERVICES = ("git-upload-pack", "git-receive-pack")
_WRAPPERS = ("/usr/lib/*/libnss_wrapper.so", "/usr/lib*/libnss_wrapper.so", "/usr/local/lib/libnss_wrapper.so")
_GREETING = "Hi! You've successfully authenticated, but GitHub does not provide shell access."


class SshServer:
    """`start`, `stop`; `rotate` comes back with other host keys. The port stays the same."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wrapper = next((path for glob in _WRAPPERS for path in Path("/").glob(glob.lstrip("/"))), None)
        self.user = "git" if self._wrapper else getpass.getuser()
        self.host_keys: dict[str, str] = {}
        """The public parts, `ssh-ed25519 AAAA…`, by algorithm."""
        self.port = 0
        self._folder = Path()
        self._daemon = ""
        self._process: asyncio.subprocess.Process | None = None
        self._control: asyncio.Server | None = None
        self._drain: asyncio.Task[bytes] | None = None

    @property
    def url(self) -> str:
        return f"ssh://{self.user}@127.0.0.1:{self.port}"

    @property
    def known_hosts(self) -> str:
        """The lines that a client has to know, one of which will do."""
        return "\n".join(f"[127.0.0.1]:{self.port} {key}" for key in self.host_keys.values())

    async def start(self) -> None:
        """Raises Stalled, and leaves nothing behind, where there is no sshd."""
        self._daemon = _daemon()
        self._folder = Path(tempfile.mkdtemp(prefix="fakegithub-ssh-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._control = await asyncio.start_unix_server(self._session, self._folder / "control")
        self._world.listeners.append(self._write_keys)
        self._write_keys()
        self._new_host_keys(*_KEYS)
        self._world.host_keys = list(self.host_keys.values())
        await self._listen()

    async def stop(self) -> None:
        self._world.listeners.remove(self._write_keys)
        await self._end()
        if self._control is not None:
            self._control.close()
        shutil.rmtree(self._folder)

    async def rotate(self, *algorithms: str, listed: bool = True) -> None:
        """Other host keys, of all algorithms or of some.

        `listed`: /meta says so; otherwise they are an interceptor's as far as one can tell.
        """
        await self._end()
        self._new_host_keys(*(algorithms or _KEYS))
        if listed:
            self._world.host_keys = list(self.host_keys.values())
        await self._listen()

    def _write_keys(self) -> None:
        """sshd reads the file anew for everybody who knocks."""
        command = f"{sys.executable} -I -S {ssh_session.__file__} {self._folder / 'control'}"
        lines = [f'restrict,command="{command} {key}" {key}\n' for key in keys(self._world)]
        path = self._folder / "authorized_keys"
        path.touch(mode=0o600)
        path.write_text("".join(lines))

    def _new_host_keys(self, *algorithms: str) -> None:
        for algorithm in algorithms:
            key = _KEYS[algorithm]()
            private = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
            )
            public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
            path = self._folder / f"hostkey-{algorithm}"
            path.touch(mode=0o600)
            path.write_bytes(private)
            self.host_keys[algorithm] = public.decode()

    async def _listen(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        host_keys = "\n".join(f"HostKey {self._folder}/hostkey-{algorithm}" for algorithm in self.host_keys)
        config = self._folder / "sshd_config"
        config.write_text(_CONFIG.format(port=self.port, folder=self._folder, user=self.user, host_keys=host_keys))
        self._process = await asyncio.create_subprocess_exec(
            *(self._daemon, "-D", "-e", "-f", str(config)),
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **self._account()},
            start_new_session=True,
        )
        assert self._process.stderr
        said = b""
        while b"Server listening" not in said:
            line = await self._process.stderr.readline()
            if not line:
                raise OSError(f"sshd did not start: {said.decode()}")
            said += line
        self._drain = asyncio.create_task(self._process.stderr.read())

    async def _end(self) -> None:
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGTERM)
        await self._process.wait()
        if self._drain is not None:
            await self._drain
        self._process = None

    def _account(self) -> dict[str, str]:
        """The environment in which there is an account `git`, which is the one that serves."""
        if self._wrapper is None:
            return {}
        own = f"{os.getuid()}:{os.getgid()}"
        (self._folder / "passwd").write_text(
            f"git:x:{own}:git:{self._folder}:/bin/sh\nsshd:x:65533:65533::/run/sshd:/usr/sbin/nologin\n"
        )
        (self._folder / "group").write_text(f"git:x:{os.getgid()}:\nsshd:x:65533:\n")
        files = {"PASSWD": self._folder / "passwd", "GROUP": self._folder / "group"}
        return {
            "LD_PRELOAD": str(self._wrapper),
            **{f"NSS_WRAPPER_{name}": str(path) for name, path in files.items()},
        }

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client: may they, and what did they change?"""
        try:
            key, command = [(await reader.readline()).decode().rstrip("\n") for _ in range(2)]
            door, service = self._door(key, command)
            if isinstance(door, Refused):
                writer.write(f"no {door.text}\n".encode())
                return
            before = git_store.refs(door.repository.git)
            writer.write(f"ok {service} {door.repository.git}\n".encode())
            await reader.readline()
            moves = git_store.moved(before, git_store.refs(door.repository.git))
            self._world.pushed(door.repository, moves, door.actor)
            writer.write(b"told\n")
        finally:
            writer.close()

    def _door(self, key: str, command: str) -> tuple[Admitted | Refused, str]:
        service, _, path = command.partition(" ")
        if service not in _SERVICES:
            return Refused(403, _GREETING), ""
        return by_ssh(self._world, key, path.strip("'"), push=service == "git-receive-pack"), service


def _daemon() -> str:
    """sshd wants to be called by its whole path. Raises Stalled."""
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Stalled("no sshd on this machine: apt-get install -y --no-install-recommends openssh-server")
    return found


_KEYS: dict[str, Callable[[], rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey]] = {
    "ssh-ed25519": ed25519.Ed25519PrivateKey.generate,
    "ssh-rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ecdsa-sha2-nistp256": lambda: ec.generate_private_key(ec.SECP256R1()),
}
