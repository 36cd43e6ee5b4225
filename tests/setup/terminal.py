"""A terminal for tests: agrees, answers from a table, and hands pages to a browser."""

from collections.abc import Awaitable, Callable, Mapping

from trimtab.environment.plan import Line, Plan
from trimtab.errors import Stalled

Browse = Callable[[str], Awaitable[None]]


class Scripted:
    """`browse` is given every page that set-up wants opened, one after the other. `heard`: all that was said."""

    def __init__(self, browse: Browse | None = None, answers: Mapping[str, str] | None = None) -> None:
        self.plans: list[Plan] = []
        self.steps: list[str] = []
        self.lines: list[Line] = []
        self.heard: list[str] = []
        self.pages: list[str] = []
        self.agrees = True
        self.browse = browse
        self.answers = answers if answers is not None else {}

    @property
    def plan(self) -> Plan:
        """The last one that was shown."""
        return self.plans[-1]

    def planned(self, action: str) -> list[str]:
        """The subjects of the last plan's lines of one action."""
        return [line.subject for line in self.plan.lines() if line.action == action]

    def show(self, plan: Plan) -> None:
        self.plans.append(plan)

    def begin(self, title: str) -> None:
        self.steps.append(title)

    def done(self, line: Line) -> None:
        self.lines.append(line)

    def say(self, text: str) -> None:
        self.heard.append(text)

    async def confirm(self, question: str) -> bool:
        return self.agrees

    async def ask(self, question: str, *, variable: str, secret: bool = False) -> str:
        if variable not in self.answers:
            raise Stalled(f"{question}: nobody answers")
        return self.answers[variable]

    async def open(self, url: str, *, why: str) -> None:
        self.pages.append(url)
        if self.browse is not None:
            await self.browse(url)
