"""Runs programs from the unpacked image as a kubelet would: not as root, nothing to write to but /tmp and /cache, in a
process namespace of its own.

It takes the kernel's own means (namespaces, chroot, no_new_privs) and the rights to use them: root's.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ENTER = """
set -e
mount --bind "$ROOT" "$ROOT"
mount -o remount,ro,bind "$ROOT"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
mount --bind "$CACHE" "$ROOT/cache"
mount --rbind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
exec env -i "$@"
"""


class Container:
    """`root` is the unpacked file system, `config` the image's configuration, `cache` a folder that is its /cache."""

    def __init__(self, root: Path, config: Mapping[str, Any], cache: Path) -> None:
        self.root = root
        self.config = config
        self.cache = cache
        cache.mkdir(exist_ok=True)
        user, group = map(int, config["User"].split(":"))
        os.chown(cache, user, group)
        self._log = cache.with_suffix(".log")
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> str:
        """What the started program has written so far."""
        return self._log.read_text()

    def run(self, *command: str) -> str:
        """Run a program to its end; what it printed."""
        done = subprocess.run(self._entered(*command), env=self._where(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, script: str) -> Any:
        """Run a script by the image's Python; the JSON that it printed."""
        return json.loads(self.run("python3.11", "-I", "-c", script))

    async def start(self, *arguments: str) -> None:
        """Start what the image starts, with `arguments`."""
        command = self._entered(*self.config["Entrypoint"], *arguments)
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(*command, env=self._where(), stdout=log, stderr=log)

    async def stop(self) -> int:
        """Send SIGTERM, as a kubelet does; the exit code."""
        assert self._process is not None
        os.kill(self.first, signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), 30)

    async def kill(self) -> None:
        """End everything in it at once, if it runs."""
        if self.runs:
            assert self._process is not None
            self._process.kill()
            await self._process.wait()

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def first(self) -> int:
        """Its process 1, by the number that it has outside."""
        assert self._process is not None
        (first,) = children(self._process.pid)
        return first

    def _entered(self, *command: str) -> list[str]:
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        setpriv, chroot = (shutil.which(name) or name for name in ("setpriv", "chroot"))
        jail = [setpriv, "--no-new-privs", chroot, f"--userspec={self.config['User']}", "--groups=", str(self.root)]
        return [*apart, "bash", "-c", ENTER, "enter", *self.config["Env"], *jail, *command]

    def _where(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "ROOT": str(self.root), "CACHE": str(self.cache)}


def children(process: int) -> list[int]:
    """Those that a process has started, or inherited, and not yet buried."""
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
