"""The table that a run prints."""

import statistics
from collections.abc import Sequence

from msgspec import Struct


class Row(Struct, frozen=True):
    """One measured number beside what it is measured against. `met` is None where there is no budget."""

    what: str
    measured: str
    budget: str = ""
    met: bool | None = None


def row(what: str, value: float, unit: str, *, most: float | None = None, note: str = "") -> Row:
    """A number that should be at most `most`."""
    shown = f"{value:.3g} {unit}" + (f" ({note})" if note else "")
    if most is None:
        return Row(what, shown)
    return Row(what, shown, f"≤ {most:g} {unit}", value <= most)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of `values` lie."""
    if share == 0.5:
        return statistics.median(values)
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def render(rows: Sequence[Row]) -> str:
    """Aligned columns, with `!` where a budget is missed."""
    widths = [max(len(getattr(r, name)) for r in rows) for name in ("what", "measured")]
    return "\n".join(
        f"{r.what:<{widths[0]}}  {r.measured:<{widths[1]}}  {r.budget}{'' if r.met is not False else '  !'}".rstrip()
        for r in rows
    )
