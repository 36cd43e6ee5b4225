"""What set-up (or its reversal) would do: a value that is shown, and agreed to, before anything is done."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Action = Literal["create", "change", "keep", "delete", "leave", "click", "ask", "check", "warn"]
NOTHING: frozenset[Action] = frozenset({"keep", "leave", "check", "warn"})
"""Actions that leave the world as it is."""


class Line(Struct, frozen=True):
    """One thing: `ConfigMap argocd/argocd-cm`, `deploy key of acme/infrastructure`; `note` says more about it."""

    action: Action
    subject: str
    note: str = ""


class StepPlan(Struct, frozen=True):
    """The lines of one step."""

    name: str
    title: str
    lines: tuple[Line, ...]

    @property
    def acts(self) -> bool:
        """Is there anything to do?"""
        return any(line.action not in NOTHING for line in self.lines)


class Plan(Struct, frozen=True):
    """All steps in their order."""

    steps: tuple[StepPlan, ...]

    @property
    def acts(self) -> bool:
        return any(step.acts for step in self.steps)

    def lines(self) -> Iterable[Line]:
        return (line for step in self.steps for line in step.lines)

    @property
    def summary(self) -> str:
        """`create 12, change 1, keep 3, click 3`."""
        counts: dict[Action, int] = {}
        for line in self.lines():
            counts[line.action] = counts.get(line.action, 0) + 1
        shown = [f"{action} {counts[action]}" for action in ACTIONS if counts.get(action)]
        return ", ".join(shown) or "nothing"


ACTIONS: tuple[Action, ...] = ("create", "change", "delete", "keep", "leave", "click", "ask", "warn")
"""In the order of a summary."""
