"""`python -m tests.server.crowd URL COUNT MARK`, the token on stdin: COUNT streams opened and read to their ends.

Says `open N` when each has said something, `told N` when MARK reached N, `ended N` when N have ended.
A process of its own: its sockets do not count against the server's limit of open files.
"""

import asyncio
import resource
import sys
from urllib.parse import urlsplit

AT_ONCE = 100
PATIENCE = 240.0


def most_files() -> int:
    """Raise the limit of open files as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Crowd:
    def __init__(self, url: str, token: str, *, path: str, mark: bytes) -> None:
        self._where = urlsplit(url)
        self._request = f"GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n".encode()
        self._mark = mark
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._moved = asyncio.Event()
        self._counts = dict.fromkeys(("open", "told", "ended"), 0)

    async def until(self, what: str, count: int) -> None:
        """Return when it is said of so many."""
        while self._counts[what] < count:
            self._moved.clear()
            await self._moved.wait()

    def _count(self, what: str) -> None:
        self._counts[what] += 1
        self._moved.set()

    async def one(self) -> None:
        async with self._gate:
            reader, writer = await asyncio.open_connection(self._where.hostname, self._where.port, limit=1 << 22)
            writer.write(self._request)
            first = await reader.readuntil(b"}\n")
            assert first.startswith(b"HTTP/1.1 200"), first
            self._count("open")
        told = False
        while line := await reader.readline():
            if self._mark in line and not told:
                told = True
                self._count("told")
        self._count("ended")
        writer.close()


async def main(url: str, count: int, mark: str) -> None:
    path = "/api/v1/stream/applications?fields=result.application.metadata"
    crowd = Crowd(url, sys.stdin.readline().strip(), path=path, mark=mark.encode())
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as everybody:
        for _ in range(count):
            everybody.create_task(crowd.one())
        for what in ("open", "told", "ended"):
            await crowd.until(what, count)
            print(what, count, flush=True)


if __name__ == "__main__":
    most_files()
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
