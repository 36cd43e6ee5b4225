"""What set-up wants of whoever runs it: a terminal, a test, the demo."""

from typing import Protocol

from trimtab.environment.plan import Line, Plan


class Terminal(Protocol):
    """Shows, asks, opens pages. Nothing secret is ever given to `say`."""

    def show(self, plan: Plan) -> None:
        """The whole plan."""
        ...

    def begin(self, title: str) -> None:
        """A step begins to act, or goes on."""
        ...

    def done(self, line: Line) -> None:
        """One thing is done."""
        ...

    def say(self, text: str) -> None:
        """What a person should know now."""
        ...

    async def confirm(self, question: str) -> bool:
        """Yes or no."""
        ...

    async def ask(self, question: str, *, variable: str, secret: bool = False) -> str:
        """A line of text; nobody is asked where the environment variable has it. Raises Stalled where nobody can be."""
        ...

    async def open(self, url: str, *, why: str) -> None:
        """A page for the person's browser."""
        ...
