"""`trimtab demo` as a process of its own, with somebody at its terminal."""

import asyncio
import contextlib
import os
import pty
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.engine.world import until

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0


class Played:
    """`folder` is where it keeps all its files; `said` is what it has printed so far."""

    def __init__(self, process: asyncio.subprocess.Process, out: Path, folder: Path, keyboard: int) -> None:
        self.process = process
        self.folder = folder
        self._out = out
        self._keyboard = keyboard

    @property
    def said(self) -> str:
        return self._out.read_text()

    def type(self, text: str) -> None:
        os.write(self._keyboard, text.encode())

    async def says(self, pattern: str) -> str:
        """The first group of a regular expression, once it is printed; "" when it ends before."""

        async def look() -> re.Match[str] | str | None:
            found = re.search(pattern, self.said, re.MULTILINE)
            return found or (self.said if self.process.returncode is not None else None)

        found = await until(look, bool, within=PATIENCE)
        assert isinstance(found, re.Match), self.said
        return str(found[1])

    async def interrupt(self) -> int:
        """Ctrl-C: its exit code."""
        self.process.send_signal(signal.SIGINT)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


@contextlib.asynccontextmanager
async def played(folder: Path, *arguments: str) -> AsyncIterator[Played]:
    """It runs until the context ends; what it prints is in `folder`. It must have left nothing where its files were."""
    keyboard, terminal = pty.openpty()
    # A socket is among its files, whose path must be short.
    temporary = Path(tempfile.mkdtemp(prefix="demo-", dir="/tmp"))
    environment = {**os.environ, "TMPDIR": str(temporary), "NO_COLOR": "1", "COLUMNS": "80"}
    with (folder / "out").open("w") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "trimtab", "demo", *arguments),
            cwd=ROOT,
            env=environment,
            stdin=terminal,
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        yield Played(process, folder / "out", temporary, keyboard)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        os.close(keyboard)
        os.close(terminal)
    assert list(temporary.iterdir()) == []
    temporary.rmdir()
