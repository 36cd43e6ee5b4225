"""How parts of an Application are put into words."""

import re
from collections.abc import Sequence

from trimtab.model.application import Application, ApplicationSource, Destination, SyncPolicy

SHA = re.compile(r"[0-9a-f]{40}")
NONE = "-"
"""What a table shows where there is nothing."""


def short(revision: str) -> str:
    """A commit's first seven digits; anything else as it is."""
    return revision[:7] if SHA.fullmatch(revision) else revision


def source_label(sources: Sequence[ApplicationSource]) -> str:
    """`examples/guestbook`: the repository's own name and the path in it, or the chart; of many, the first."""
    if not sources:
        return NONE
    first = sources[0]
    repository = first.repo_url.rstrip("/").rpartition("/")[2].removesuffix(".git")
    label = f"{repository}/{first.chart or first.path.strip('/')}".rstrip("/")
    return f"{label} +{len(sources) - 1}" if len(sources) > 1 else label


def source_line(source: ApplicationSource) -> str:
    """`https://git.acme.example/shop.git, path deploy, at main`."""
    where = f", chart {source.chart}" if source.chart else f", path {source.path or '.'}"
    return f"{source.repo_url}{where}, at {source.target_revision or 'HEAD'}"


def destination_line(destination: Destination) -> str:
    cluster = destination.name or destination.server or "(none)"
    return f"{cluster}, namespace {destination.namespace}" if destination.namespace else cluster


def policy_line(policy: SyncPolicy | None) -> str:
    """`automated, prune, self-heal`, or `by hand`."""
    automated = policy.automated if policy else None
    if automated is None or automated.enabled is False:
        return "by hand"
    marks = {"prune": automated.prune, "self-heal": automated.self_heal, "allow empty": automated.allow_empty}
    return ", ".join(["automated", *(name for name, on in marks.items() if on)])


def revision_of(app: Application) -> str:
    """What the application was last compared with, shortened."""
    sync = app.status.sync
    revisions = (sync.revisions or (sync.revision,)) if sync else ()
    return ", ".join(short(revision) for revision in revisions if revision) or NONE


def sync_word(app: Application) -> str:
    return app.status.sync.status if app.status.sync else "Unknown"


def health_word(app: Application) -> str:
    return app.status.health.status if app.status.health else "Unknown"


def kind_word(group: str, kind: str) -> str:
    return f"{group}/{kind}" if group else kind


def counted(number: int, noun: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
