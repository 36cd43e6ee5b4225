"""One object's part in a sync, and what the operation asks for."""

import datetime as dt
from typing import Literal

from msgspec import Struct

from trimtab.access.project import Limits
from trimtab.compare.prepare import TargetObject
from trimtab.model.application import ResultCode, SyncPhase
from trimtab.model.hooks import DeletePolicy
from trimtab.model.keys import Kind, ObjectKey

Action = Literal["Apply", "Prune", "Hook", "CreateNamespace"]


class Skip(Struct, frozen=True):
    """A gate's veto: the task is not run; the object's result has this `status` and `message`.

    SyncFailed vetoes the whole plan: nothing of it is run.
    """

    status: ResultCode
    message: str


class Options(Struct, frozen=True, kw_only=True):
    """What the operation asks for. `selected`: only these objects (then no hooks run); None for all. A
    key without a namespace stands for the objects of that name in any.

    `retry`: how many attempts there were before; the hooks of each attempt are its own. `limits`: what the project
    permits, None where nobody asks it.
    """

    prune: bool = False
    hooks: bool = True
    create_namespace: str = ""
    selected: frozenset[ObjectKey] | None = None
    only_out_of_sync: bool = False
    started_at: dt.datetime
    retry: int = 0
    revision: str = ""
    limits: Limits | None = None


class Task(Struct, frozen=True, kw_only=True):
    """One object's part in the sync. `target` is None for a prune; `takeover`: move field ownership first.

    `first`: before every other kind of its wave, since one of them depends on it.
    """

    action: Action
    key: ObjectKey
    kind: Kind
    phase: SyncPhase
    wave: int = 0
    target: TargetObject | None = None
    live_uid: str = ""
    live_version: str = ""
    takeover: bool = False
    first: bool = False
    hook_type: SyncPhase | None = None
    delete_policies: frozenset[DeletePolicy] = frozenset()
    skip: Skip | None = None
