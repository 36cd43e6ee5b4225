"""What is counted and timed while the work is done: plain numbers, which `server/metrics.py` tells to Prometheus."""

from bisect import bisect_left
from collections import Counter

from msgspec import Struct, field

Labels = tuple[str, ...]

PASS_SECONDS = (0.01, 0.05, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
FETCH_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0)


class Timed(Struct):
    """How many took how long: `counts[n]` of them at most `bounds[n]` seconds and more than the bound before; the last
    count is of those beyond all bounds.
    """

    counts: list[int]
    seconds: float = 0.0


class Durations(Struct):
    """Durations of one kind of work, by labels."""

    bounds: tuple[float, ...]
    found: dict[Labels, Timed] = field(default_factory=dict)

    def observe(self, seconds: float, *labels: str) -> None:
        timed = self.found.get(labels)
        if timed is None:
            timed = self.found[labels] = Timed([0] * (len(self.bounds) + 1))
        timed.counts[bisect_left(self.bounds, seconds)] += 1
        timed.seconds += seconds


class Fetches(Struct):
    """Fetches from Git, by repository URL (without credentials). `fell_back`: by the URL that an application names, why
    the last fetch was done by the repository's other URL; those that were not are not there.
    """

    took: Durations = field(default_factory=lambda: Durations(FETCH_SECONDS))
    failed: Counter[str] = field(default_factory=Counter)
    fell_back: dict[str, str] = field(default_factory=dict)


class PreviousUses(Struct):
    """What was signed with a secret that was rotated away, by its key in argocd-secret: how often, and when last, in
    seconds since 1970. Once that stays, nobody needs the secret any more.
    """

    counts: Counter[str] = field(default_factory=Counter)
    last: dict[str, int] = field(default_factory=dict)

    def note(self, key: str, now: int) -> None:
        self.counts[key] += 1
        self.last[key] = now


class Measures(Struct):
    """What the controller did. `passes`: by namespace and destination. `syncs` and `sync_seconds`: those that ended, by
    namespace, name, project, destination, phase, and whether it was a dry run.
    """

    passes: Durations = field(default_factory=lambda: Durations(PASS_SECONDS))
    syncs: Counter[Labels] = field(default_factory=Counter)
    sync_seconds: dict[Labels, float] = field(default_factory=dict)

    def sync_ended(self, labels: Labels, seconds: float) -> None:
        self.syncs[labels] += 1
        self.sync_seconds[labels] = self.sync_seconds.get(labels, 0.0) + seconds
