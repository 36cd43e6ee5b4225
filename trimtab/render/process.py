"""One worker process as the workshop sees it: pipes, a folder of its own, its last words."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, Self

import trimtab
from trimtab.render.jobs import LENGTH_BYTES, MAX_OUTPUT

_START: Final = "import sys; sys.path.append(sys.argv.pop(1)); from trimtab.render.worker import main; main()"
_PREFIX: Final = "trimtab-render-"
_STALE_SECONDS: Final = 3600.0
"""A folder not written to for so long has no worker any more: no job takes and no idle worker stays that long."""
_CHUNK: Final = 1024 * 1024
_MAX_ANSWER: Final = 2 * MAX_OUTPUT
_STDERR_BYTES: Final = 16 * 1024
_LAST_WORDS_SECONDS: Final = 5.0


class WorkerProcess:
    """Started by `start`, of use until `exchange` raises, and to be ended by `kill` and `gone`."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._errors = b""
        self._spent = False
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, scratch: Path | None, *, memory: int) -> Self:
        """A new process in a new session, so that what it starts ends with it. Raises OSError."""
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=scratch))
        root = Path(trimtab.__file__).parent.parent
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-c", _START, str(root), str(folder), str(memory)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                cwd=folder,
                env=_environment(folder, memory),
                limit=_CHUNK,
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(process, folder)

    @property
    def alive(self) -> bool:
        """Whether it takes another job."""
        return self._process.returncode is None and not self._spent

    async def exchange(self, message: bytes) -> bytes:
        """Send a message, return the answer. Raises IncompleteReadError or ConnectionError when the process dies."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        self._errors = b""
        stdin.write(len(message).to_bytes(LENGTH_BYTES, "big"))
        stdin.write(message)
        await stdin.drain()
        head = await stdout.readexactly(LENGTH_BYTES + 1)
        self._spent = head[LENGTH_BYTES] != 0
        length = int.from_bytes(head[:LENGTH_BYTES], "big")
        if length > _MAX_ANSWER:
            raise ConnectionError(f"an answer of {length} bytes")
        return await stdout.readexactly(length)

    async def last_words(self) -> str:
        """What the process wrote to its standard error since the last message, and how it ended."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._listening), _LAST_WORDS_SECONDS)
            await asyncio.wait_for(self._process.wait(), _LAST_WORDS_SECONDS)
        code = self._process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return f"{how} {self._errors.decode(errors='replace')}"

    def kill(self) -> None:
        """End the process and everything it started, at once. `gone` has to follow."""
        if self._process.returncode is None:  # else its number may be another process's by now
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def gone(self) -> None:
        """Wait until the killed process is gone, and remove its folder."""
        await self._process.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._listening, _LAST_WORDS_SECONDS)
        if self._process.stdin is not None:
            self._process.stdin.close()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _listen(self) -> None:
        """Keep the beginning of what is written (a Go program says what is wrong first) and drop the rest."""
        stderr = self._process.stderr
        assert stderr is not None
        while chunk := await stderr.read(_STDERR_BYTES):
            self._errors = (self._errors + chunk)[:_STDERR_BYTES]


def _environment(folder: Path, memory: int) -> dict[str, str]:
    """Nothing of ours: no proxies, no credentials, no kubeconfig. Few threads: the stack of each counts as memory."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "GOMEMLIMIT": str(memory * 3 // 4),
        "GOMAXPROCS": "2",
        "MALLOC_ARENA_MAX": "2",
    }


def remove_leftovers(scratch: Path | None) -> None:
    """Remove the folders of workers whose owner was killed before it could. Blocks on the disk."""
    for folder in Path(scratch or tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid() and time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(folder)
