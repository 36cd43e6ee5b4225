"""Ctrl-C at a chosen moment: at the n-th line of the terminal, question to GitHub, or write to the API server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from tests.setup.place import Place
from tests.setup.terminal import Scripted
from trimtab.clock import SystemClock
from trimtab.environment.plan import Line, Plan
from trimtab.kube.transport import Transport
from trimtab.setup.cluster import Cluster
from trimtab.setup.job import Job

Where = Literal["terminal", "github", "cluster"]
Work = Callable[[Job], Awaitable[Any]]
LONGEST_SLEEP = 0.05


class BriskClock(SystemClock):
    """Real, but for whoever wants to sleep long."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, LONGEST_SLEEP))


class Countdown:
    """`tick` is called for everything that happens; `act` at the n-th. `count`: how many there were."""

    def __init__(self, position: int) -> None:
        self.count = 0
        self._position = position
        self.act: Callable[[], object] = lambda: None

    def tick(self) -> None:
        self.count += 1
        if self.count == self._position:
            self.act()


class Ticking(Scripted):
    """A terminal whose every line counts."""

    def __init__(self, place: Place, countdown: Countdown | None = None) -> None:
        super().__init__(self._carefully, place.pasted)
        self._place = place
        self._countdown = countdown

    async def _carefully(self, url: str) -> None:
        """What the plan says may be left of an earlier run is deleted first."""
        for line in self.plan.lines():
            if line.action == "warn" and line.subject.endswith("may be there already"):
                page = line.note.rpartition(" ")[2]
                await self._place.visitor.walk(page, verify=line.subject.split()[2])
        await self._place.visit(url)

    def show(self, plan: Plan) -> None:
        super().show(plan)
        self._tick()

    def begin(self, title: str) -> None:
        super().begin(title)
        self._tick()

    def done(self, line: Line) -> None:
        super().done(line)
        self._tick()

    def say(self, text: str) -> None:
        super().say(text)
        self._tick()

    async def open(self, url: str, *, why: str) -> None:
        self._tick()
        await super().open(url, why=why)

    def _tick(self) -> None:
        if self._countdown is not None:
            self._countdown.tick()


class TickingTransport(Transport):
    """Counts writes when they are done, so that an interruption loses the answer."""

    countdown: Countdown | None = None

    async def request(self, method: str, path: str, **options: Any) -> bytes:
        answer = await super().request(method, path, **options)
        if self.countdown is not None and method != "GET" and "dryRun" not in str(options.get("query")):
            self.countdown.tick()
        return answer


class TickingRequests(list[str]):
    """Of the fake GitHub: what was asked for is done, whether or not somebody waits for the answer."""

    def __init__(self, countdown: Countdown) -> None:
        super().__init__()
        self._countdown = countdown

    def append(self, path: str) -> None:
        super().append(path)
        self._countdown.tick()


async def interrupted(place: Place, text: str, work: Work, *, where: Where, position: int) -> bool:
    """Whether `work` was ended by an interruption there; False where it ended before."""
    countdown = Countdown(position)
    terminal = Ticking(place, countdown if where == "terminal" else None)
    async with TickingTransport(place.config) as transport, await place.job(text, terminal) as job:
        job.cluster = Cluster(transport, namespace=place.namespace)
        task = asyncio.ensure_future(work(job))
        countdown.act = task.cancel
        if where == "cluster":
            transport.countdown = countdown
        if where == "github":
            place.github.requests = TickingRequests(countdown)
        try:
            await task
        except asyncio.CancelledError:
            return True
        finally:
            place.github.requests = []
    return False
