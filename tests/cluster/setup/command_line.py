"""`trimtab`, or another program, as a person runs it on a terminal of 80 columns; its output is read as it comes."""

import asyncio
import os
import re
import signal
import struct
import sys
import termios
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = r"http://127\.0\.0\.1:\d+\b"
TRIMTAB = (sys.executable, "-u", "-m", "trimtab")
BEGUN: list["Command"] = []
"""What a test has started: a failure must not leave it running into the next one."""
SIZE = struct.pack("HHHH", 50, 80, 0, 0)


class Command:
    """One run. `output` grows. `environment` is the process's own, besides the kubeconfig."""

    def __init__(
        self,
        *arguments: str,
        kubeconfig: Path,
        program: Sequence[str] = TRIMTAB,
        folder: Path = ROOT,
        **environment: str,
    ) -> None:
        self.command = (*program, *arguments)
        self._folder = folder
        self.output = ""
        own = {"KUBECONFIG": str(kubeconfig), "NO_COLOR": "1", "TERM": "dumb"}
        self._environment = {**os.environ, **own, **environment}
        self._grown = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._terminal = -1

    async def start(self) -> None:
        self._terminal, other = os.openpty()
        ioctl(other, termios.TIOCSWINSZ, SIZE)
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            cwd=self._folder,
            env=self._environment,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)
        self._reading = asyncio.create_task(self._read())
        BEGUN.append(self)

    async def said(self, pattern: str, *, within: float = 60.0) -> str:
        """The first match, once it is there."""
        try:
            async with asyncio.timeout(within), self._grown:
                while not (found := re.search(pattern, self.output)):
                    assert self._reading is not None
                    assert not self._reading.done(), self.output
                    await self._grown.wait()
        except TimeoutError:
            raise AssertionError(f"{pattern}: not within {within:g} s: {self.output}") from None
        return found[0]

    async def page(self, pattern: str = PAGE) -> str:
        """The page that it wants opened."""
        await self.said(r"Open this page")
        return await self.said(pattern)

    def type(self, text: str) -> None:
        """The person types a line."""
        os.write(self._terminal, f"{text}\n".encode())

    async def ended(self, *, within: float = 60.0) -> int:
        assert self._process is not None
        assert self._reading is not None
        try:
            async with asyncio.timeout(within):
                await asyncio.shield(self._reading)
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise AssertionError(f"not within {within:g} s: {self.output}") from None

    async def stop(self) -> None:
        """End it if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    def interrupt(self) -> None:
        """Ctrl-C."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)

    async def run(self, *, within: float = 120.0) -> int:
        """Start, and wait for the end."""
        await self.start()
        return await self.ended(within=within)

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while chunk := await loop.run_in_executor(None, self._some):
                async with self._grown:
                    self.output += chunk.decode(errors="replace").replace("\r\n", "\n")
                    self._grown.notify_all()
        finally:
            os.close(self._terminal)
            async with self._grown:
                self._grown.notify_all()

    def _some(self) -> bytes:
        try:
            return os.read(self._terminal, 4096)
        except OSError:  # the other end is closed
            return b""
