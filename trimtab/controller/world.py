"""What the controller works with: a bag of collaborators, and what it remembers of each application.

Nothing here is durable. Deleting all of it costs time, never truth: the API server and Git have that.
"""

import asyncio

from msgspec import Struct, field

from trimtab.clock import Clock
from trimtab.compare.comparison import Verdict
from trimtab.compare.prepare import Identity, Prepared
from trimtab.controller.applications import Applications
from trimtab.controller.clusters import Clusters
from trimtab.controller.events import Recorder
from trimtab.controller.feedback import Feedback
from trimtab.controller.findings import Findings
from trimtab.controller.host_keys import HostKeys
from trimtab.controller.projects import Projects
from trimtab.controller.queue import WorkQueue
from trimtab.controller.repositories import Repositories
from trimtab.errors import TrimtabError
from trimtab.metrics import Measures
from trimtab.model.application import ApplicationSource, ApplicationSpec, OperationState, ResourceResult
from trimtab.model.keys import AppKey, ObjectKey, Revision
from trimtab.render import Workshop
from trimtab.settings import Settings
from trimtab.source.git import GitStore
from trimtab.status.unreachable import Unreachable


class Declared(Struct, frozen=True):
    """What Git declares for an application: which sources at which revisions, and the objects made of them."""

    identity: Identity
    sources: tuple[ApplicationSource, ...]
    revisions: tuple[Revision, ...]
    source_types: tuple[str, ...]
    digest: str
    prepared: Prepared

    @property
    def revision(self) -> str:
        """The revision of the first source: the one that stands for all in most places."""
        return self.revisions[0] if self.revisions else ""


class Trouble(Struct, frozen=True):
    """What kept us from looking at an application with that `spec`; not tried again before `until` (monotonic)."""

    error: TrimtabError
    spec: ApplicationSpec
    until: float


class Memory(Struct):
    """What is remembered of one application between passes. `pushed_at`: when we heard of a push that no look has
    taken into account yet (monotonic), 0 for none. `fell_back`: why its source is fetched by another URL.
    """

    uid: str = ""
    declared: Declared | None = None
    verdicts: dict[ObjectKey, Verdict] = field(default_factory=dict)
    poll_at: float = 0.0
    polls: int = 0
    asked_at: float = 0.0
    pushed_at: float = 0.0
    looked_at: float = 0.0
    calm_until: float = 0.0
    failures: int = 0
    trouble: Trouble | None = None
    unreachable: Unreachable | None = None
    fell_back: str = ""
    run: asyncio.Task[None] | None = None
    results: tuple[ResourceResult, ...] = ()
    pruned: set[ObjectKey] = field(default_factory=set)
    finished: OperationState | None = None

    @property
    def running(self) -> bool:
        return self.run is not None and not self.run.done()


class World(Struct):
    """The collaborators of a controller."""

    settings: Settings
    clock: Clock
    applications: Applications
    projects: Projects
    clusters: Clusters
    repositories: Repositories
    sources: GitStore
    workshop: Workshop
    recorder: Recorder
    queue: WorkQueue[AppKey]
    host_keys: HostKeys
    findings: Findings
    feedback: Feedback
    memories: dict[AppKey, Memory] = field(default_factory=dict)
    measures: Measures = field(default_factory=Measures)

    def memory(self, key: AppKey) -> Memory:
        return self.memories.setdefault(key, Memory())
