"""`trimtab serve` as processes of their own, on a real Kubernetes, and what callers see of them."""

import asyncio
import contextlib
import re
import signal
import ssl
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.cluster.installation import account_file
from tests.engine.world import until
from tests.server.desk import Desk

ROOT = Path(__file__).parents[3]
ADDRESS = re.compile(r"serving .* at https://127\.0\.0\.1:(\d+)")
START_SECONDS = 30.0


class Replica:
    """One server. Its certificate is the one that all replicas share."""

    def __init__(self, name: str, desk: Desk, *, lease_duration: str) -> None:
        self.name = name
        self.port = 0
        self._flags = ("--namespace", desk.control, "--poll", "1h", "--lease-duration", lease_duration)
        self._folder = desk.folder
        self._log = desk.folder / f"{name}.log"
        self._process: Process | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def log(self) -> str:
        return self._log.read_text()

    async def start(self) -> None:
        """Return when it listens."""
        where = (
            "--kubeconfig",
            str(account_file(self._folder, "trimtab")),
            "--cache",
            str(self._folder / f"cache-{self.name}"),
        )
        listen = ("--address", "127.0.0.1", "--port", "0")
        command = (sys.executable, "-m", "trimtab", "serve", *where, *listen, *self._flags)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=log, stderr=log)
        self.port = int(await until(self._port_said, bool, within=START_SECONDS))

    async def kill(self) -> None:
        """`kill -9`."""
        assert self._process is not None
        self._process.kill()
        assert await self._process.wait() == -signal.SIGKILL

    def freeze(self) -> None:
        """It stands still, as on a machine without air."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """It goes on where it stood."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def terminate(self) -> None:
        """SIGTERM; `ended` tells how it went."""
        assert self._process is not None
        self._process.terminate()

    async def ended(self) -> int:
        """The exit code."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), 30)

    async def close(self) -> None:
        """Stop it if it runs. A defect that it reported is an error."""
        if self._process is not None and self._process.returncode is None:
            self.terminate()
            await self.ended()
        if self._process is not None:
            assert "defect" not in self.log, self.log
            assert "Traceback" not in self.log, self.log

    async def readiness(self) -> dict[str, Any]:
        """What /readyz says; {} while it does not answer."""
        with contextlib.suppress(aiohttp.ClientError):
            async with caller(self.port) as session, session.get("/readyz") as response:
                found: dict[str, Any] = await response.json()
                return found
        return {}

    async def acts(self) -> None:
        """Return when it is ready, and the one that acts."""
        await until(self.readiness, lambda seen: seen.get("ready") and seen.get("acting"))

    async def ready(self) -> None:
        await until(self.readiness, lambda seen: seen.get("ready"))

    async def _port_said(self) -> str:
        """Its port; "" until it listens."""
        assert self._process is not None
        assert self._process.returncode is None, self.log
        found = ADDRESS.search(self.log)
        return found[1] if found else ""


@contextlib.asynccontextmanager
async def caller(port: int, authority: str = "") -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody with cookies, and a new connection for each request. `authority`: the certificate that is trusted."""
    context = ssl.create_default_context(cadata=authority) if authority else False
    connector = aiohttp.TCPConnector(ssl=context, force_close=True)
    jar = aiohttp.CookieJar(unsafe=True)
    timeout = aiohttp.ClientTimeout(total=60)
    base = f"https://{'localhost' if authority else '127.0.0.1'}:{port}"
    async with aiohttp.ClientSession(base, connector=connector, cookie_jar=jar, timeout=timeout) as session:
        yield session
