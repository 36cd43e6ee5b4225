"""`trimtab` as a person runs it, its output read as it comes."""

import asyncio
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = re.compile(r"http://127\.0\.0\.1:\d+\b")


class Command:
    """One run. `output` grows; `environment` is the process's own, besides the kubeconfig."""

    def __init__(self, *arguments: str, kubeconfig: Path, **environment: str) -> None:
        self.arguments = arguments
        self.output = ""
        self._environment = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "COLUMNS": "80",
            "NO_COLOR": "1",
            **environment,
        }
        self._grown = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-u", "-m", "trimtab", *self.arguments),
            cwd=ROOT,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read())

    async def said(self, pattern: str, *, within: float = 60.0) -> str:
        """The first match, once it is there."""
        async with asyncio.timeout(within), self._grown:
            while not (found := re.search(pattern, self.output)):
                assert self._reading is not None
                assert not self._reading.done(), self.output
                await self._grown.wait()
        return found[0]

    async def page(self) -> str:
        """The page that it wants opened."""
        await self.said(r"Open this page")
        return await self.said(PAGE.pattern)

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

    def interrupt(self) -> None:
        """Ctrl-C."""
        assert self._process is not None
        self._process.send_signal(2)

    async def run(self, *, within: float = 60.0) -> int:
        """Start, and wait for the end."""
        await self.start()
        return await self.ended(within=within)

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(4096):
            async with self._grown:
                self.output += chunk.decode(errors="replace")
                self._grown.notify_all()
        async with self._grown:
            self._grown.notify_all()
