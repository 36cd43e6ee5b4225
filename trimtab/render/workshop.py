"""The worker processes: started when there is work, kept warm, stopped when they overrun, replaced when they die."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

import trimtab
from trimtab.errors import Retry, Stalled
from trimtab.render.jobs import LENGTH_BYTES, Answer, Job, Refused, Rendered, decode_answer, encode
from trimtab.text import one_line

_START = "import sys; sys.path.append(sys.argv.pop(1)); from trimtab.render.worker import main; main()"
_STDERR_BYTES = 4096


class Limits(Struct, frozen=True, kw_only=True):
    """What one rendering may cost. `seconds` from start to answer, `memory` in bytes for a worker's private data."""

    seconds: float = 60.0
    memory: int = 1024 * 1024 * 1024


class Workshop:
    """At most `size` worker processes. Use as an async context manager, or call `close`.

    `scratch` is where workers keep their temporary files (the system's place by default).
    """

    def __init__(self, *, size: int | None = None, limits: Limits | None = None, scratch: Path | None = None) -> None:
        self.limits = limits or Limits()
        self._slots = asyncio.Semaphore(size or max(2, min(4, os.cpu_count() or 2)))
        self._scratch = scratch
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def run(self, job: Job) -> Rendered:
        """Have a worker do the job.

        Raises Stalled for what is the source's fault (also: too slow, too much memory), Retry for a worker that died.
        """
        async with self._slots:
            worker = await self._take()
            try:
                answer = await self._ask(worker, job)
            except BaseException:
                await asyncio.shield(self._discard(worker))
                raise
            self._idle.append(worker)
        if isinstance(answer, Refused):
            raise Stalled(answer.message, reason=answer.reason)
        return answer

    async def _ask(self, worker: "_Worker", job: Job) -> Answer:
        """The worker's answer. After any exception the worker is of no more use."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                return decode_answer(await worker.exchange(encode(job)))
        except TimeoutError:
            raise Stalled(f"rendering took longer than {self.limits.seconds:g} s", reason="TooSlow") from None
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError) as error:
            raise Retry(f"the rendering process died: {await worker.last_words()}", reason="WorkerDied") from error

    async def close(self) -> None:
        """Stop every worker."""
        await asyncio.gather(*(self._discard(worker) for worker in list(self._all)))

    async def _take(self) -> "_Worker":
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            await self._discard(worker)
        worker = await _Worker.start(self._scratch)
        self._all.add(worker)
        return worker

    async def _discard(self, worker: "_Worker") -> None:
        self._all.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        await worker.kill()


class _Worker:
    """One process, with its pipes and its folder."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._errors = b""
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, scratch: Path | None) -> Self:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="trimtab-render-", dir=scratch))
        root = Path(trimtab.__file__).parent.parent
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-c", _START, str(root), str(folder),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            start_new_session=True, cwd=folder, env=_environment(folder),
        )  # fmt: skip
        return cls(process, folder)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def exchange(self, message: bytes) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(len(message).to_bytes(LENGTH_BYTES, "big"))
        stdin.write(message)
        await stdin.drain()
        length = int.from_bytes(await stdout.readexactly(LENGTH_BYTES), "big")
        return await stdout.readexactly(length)

    async def last_words(self) -> str:
        """The last line that the process wrote to its standard error, and how it ended."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._listening), 5)
        lines = self._errors.decode(errors="replace").strip().splitlines()
        return one_line(lines[-1] if lines else f"exit code {self._process.returncode}", limit=300)

    async def kill(self) -> None:
        """End the process and everything it started, and remove its folder."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._listening.cancel()
        transport = getattr(self._process, "_transport", None)
        if transport is not None:
            transport.close()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _listen(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while chunk := await stderr.read(_STDERR_BYTES):
            self._errors = (self._errors + chunk)[-_STDERR_BYTES:]


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of ours: no proxies, no credentials, no kubeconfig."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}
