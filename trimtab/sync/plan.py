"""The Plan of a sync: which objects are written or removed, in which order.

A Plan is a frozen value. Phases run in order, waves within a phase, and in a wave: prunes, then groups of one kind each
(`sync/order.py`); the objects of a group are independent of each other. SyncFail hooks stand apart and run only after
a failure. Making a plan decides everything that can be decided before anything is written.
"""

import re
from collections.abc import Callable, Iterable
from itertools import groupby

import orjson
from msgspec import Struct
from msgspec.structs import replace

from trimtab.clock import rfc3339
from trimtab.compare.comparison import Comparison, Item
from trimtab.compare.prepare import TargetObject
from trimtab.live.entry import pack
from trimtab.model.application import SyncPhase
from trimtab.model.hooks import delete_policies, hook_phases, wave_of
from trimtab.model.keys import Kind, ObjectKey
from trimtab.model.names import ATTEMPT, HOOK_FINALIZER, TRACKING_ID
from trimtab.sync.gates.not_permitted import not_permitted
from trimtab.sync.gates.prune_disabled import prune_disabled
from trimtab.sync.gates.prune_not_requested import prune_not_requested
from trimtab.sync.order import PHASE_ORDER, containers_first, rank
from trimtab.sync.task import Options, Skip, Task

MAX_NAME = 63
"""A Job's name becomes a label of its Pods."""


class Group(Struct, frozen=True):
    """Tasks that may run side by side."""

    tasks: tuple[Task, ...]


class Step(Struct, frozen=True):
    """One wave of one phase; it must be done and healthy before the next begins."""

    phase: SyncPhase
    wave: int
    groups: tuple[Group, ...]

    def tasks(self) -> tuple[Task, ...]:
        return tuple(task for group in self.groups for task in group.tasks)


class Plan(Struct, frozen=True):
    """What a sync will do. `on_failure` are the steps of SyncFail hooks."""

    steps: tuple[Step, ...] = ()
    on_failure: tuple[Step, ...] = ()

    def tasks(self) -> tuple[Task, ...]:
        return tuple(task for step in self.steps for task in step.tasks())

    def refused(self) -> tuple[Task, ...]:
        """Tasks that must not be, for whose sake nothing of the plan is run."""
        every = (*self.tasks(), *(task for step in self.on_failure for task in step.tasks()))
        return tuple(task for task in every if task.skip is not None and task.skip.status == "SyncFailed")


Gate = Callable[[Task, Item | None, Options], Skip | None]
GATES: tuple[Gate, ...] = (not_permitted, prune_disabled, prune_not_requested)
"""Vetoes, in the order they are asked; the first to answer wins. Hooks come without an item."""


def make_plan(comparison: Comparison, hooks: Iterable[TargetObject], options: Options) -> Plan:
    """Order every object of `comparison` and every hook into steps."""
    tasks = [_gated(_task(item), item, options) for item in comparison.items if _asked_for(item, options)]
    if options.create_namespace and not _declares_namespace(comparison, options.create_namespace):
        tasks.append(_namespace_task(options.create_namespace))
    hook_tasks: list[Task] = []
    if options.hooks and options.selected is None:
        hook_tasks = [_gated(task, None, options) for hook in hooks for task in _hook_tasks(hook, options)]
    planned = [*_mirror_prunes(tasks), *(t for t in hook_tasks if t.phase != "SyncFail")]
    return Plan(
        steps=_steps(containers_first(planned)),
        on_failure=_steps([t for t in hook_tasks if t.phase == "SyncFail"]),
    )


def _asked_for(item: Item, options: Options) -> bool:
    if options.selected is not None and not options.selected & {item.key, replace(item.key, namespace="")}:
        return False
    return not (options.only_out_of_sync and item.status == "Synced")


def _task(item: Item) -> Task:
    live = item.live
    return Task(
        action="Prune" if item.target is None else "Apply",
        key=item.key,
        kind=item.kind,
        phase="Sync",
        wave=_wave(item),
        target=item.target,
        live_uid=live.uid if live else "",
        live_version=live.version if live else "",
        takeover=item.verdict.takeover,
    )


def _wave(item: Item) -> int:
    if item.target is not None:
        return wave_of(item.target.manifest())
    return wave_of(item.live.manifest()) if item.live else 0


def _gated(task: Task, item: Item | None, options: Options) -> Task:
    for gate in GATES:
        if (skip := gate(task, item, options)) is not None:
            return replace(task, skip=skip)
    return task


def _declares_namespace(comparison: Comparison, name: str) -> bool:
    """Is the namespace a target itself? Then it is applied with all that Git says of it."""
    return any(item.target and item.key == _namespace_key(name) for item in comparison.items)


def _namespace_key(name: str) -> ObjectKey:
    return ObjectKey(group="", kind="Namespace", namespace="", name=name)


def _namespace_task(name: str) -> Task:
    kind = Kind(group="", version="v1", kind="Namespace")
    return Task(action="CreateNamespace", key=_namespace_key(name), kind=kind, phase="PreSync", wave=-(2**31))


def _hook_tasks(hook: TargetObject, options: Options) -> Iterable[Task]:
    manifest = hook.manifest()
    for phase in hook_phases(manifest):
        if phase not in PHASE_ORDER:
            continue
        named = _named(hook, phase, options)
        yield Task(
            action="Hook",
            key=named.key,
            kind=hook.kind,
            phase=phase,
            wave=wave_of(manifest),
            target=named,
            hook_type=phase,
            delete_policies=delete_policies(manifest),
        )


def _named(hook: TargetObject, phase: SyncPhase, options: Options) -> TargetObject:
    """The hook as it is created: with our finalizer, so that its outcome is seen before it can vanish, and marked with
    the attempt that makes it.
    """
    manifest = hook.manifest()
    metadata = manifest["metadata"]
    finalizers = metadata.get("finalizers") or []
    metadata["finalizers"] = finalizers if HOOK_FINALIZER in finalizers else [*finalizers, HOOK_FINALIZER]
    annotations = metadata.setdefault("annotations", {})
    annotations[ATTEMPT] = f"{rfc3339(options.started_at)}/{options.retry}"
    prefix = metadata.pop("generateName", "")
    if not hook.key.name:
        metadata["name"] = _generated_name(prefix, phase, options)
        annotations[TRACKING_ID] = annotations.get(TRACKING_ID, "") + metadata["name"]
    return retarget(hook, manifest, key=replace(hook.key, name=metadata["name"]))


def _generated_name(prefix: str, phase: SyncPhase, options: Options) -> str:
    """A name of its own for each attempt, `<prefix><revision>-<phase>-<start>[-<retry>]`, short enough for a label."""
    attempt = f"-{options.retry}" if options.retry else ""
    text = f"{options.revision[:7]}-{phase}-{int(options.started_at.timestamp())}{attempt}".lower()
    suffix = re.sub(r"[^a-z0-9.-]", "-", text).lstrip("-")
    return prefix[: MAX_NAME - len(suffix)] + suffix


def retarget(target: TargetObject, manifest: dict[str, object], *, key: ObjectKey) -> TargetObject:
    """`target` with another body."""
    return replace(target, key=key, packed=pack(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)))


def _mirror_prunes(tasks: list[Task]) -> list[Task]:
    """What was created last is pruned first: the waves of prunes are reversed among themselves."""
    waves = sorted({task.wave for task in tasks if task.action == "Prune"})
    mirrored = dict(zip(waves, reversed(waves), strict=True))
    return [replace(t, wave=mirrored[t.wave]) if t.action == "Prune" else t for t in tasks]


def _steps(tasks: Iterable[Task]) -> tuple[Step, ...]:
    ordered = sorted(tasks, key=rank)
    steps = []
    for (phase, wave), in_step in groupby(ordered, key=lambda t: (t.phase, t.wave)):
        groups = tuple(Group(tuple(g)) for _, g in groupby(in_step, key=_group_of))
        steps.append(Step(phase, wave, groups))
    return tuple(steps)


def _group_of(task: Task) -> tuple[bool, bool, str, str]:
    """Prunes of one wave go together whatever their kind."""
    return (True, False, "", "") if task.action == "Prune" else (False, task.first, task.key.group, task.key.kind)
