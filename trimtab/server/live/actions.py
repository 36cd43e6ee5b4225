"""What can be done to live objects by name: restarted, paused, scaled. An action is a line in the table ACTIONS.

Each gives a change of the object (a merge patch), or an object to be made. Pure.
"""

import datetime as dt
from collections.abc import Callable, Mapping

from msgspec import Struct

from trimtab.clock import rfc3339
from trimtab.health.read import at, number, text
from trimtab.model.keys import Manifest
from trimtab.model.part import Part

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
INSTANTIATE = "cronjob.kubernetes.io/instantiate"
MOST_REPLICAS = 2**31 - 1
LONGEST_JOB_NAME = 63


class ActionParam(Part, frozen=True):
    name: str


class ResourceAction(Part, frozen=True):
    """An action as it is offered. `disabled`: not in the object's state, or not served at all."""

    name: str
    params: tuple[ActionParam, ...] = ()
    disabled: bool = False
    icon_class: str = ""
    display_name: str = ""


class Ordered(Struct, frozen=True):
    """An action as it was called."""

    parameters: Mapping[str, str]
    now: dt.datetime


class Patched(Struct, frozen=True):
    """A merge patch of the object."""

    patch: Manifest


class Created(Struct, frozen=True):
    """An object to be made."""

    manifest: Manifest


Effect = Patched | Created


def _always(live: Manifest) -> bool:
    return True


class Action(Struct, frozen=True, kw_only=True):
    """`run` raises ValueError for parameters that cannot be."""

    name: str
    icon: str
    run: Callable[[Manifest, Ordered], Effect]
    possible: Callable[[Manifest], bool] = _always
    params: tuple[str, ...] = ()
    title: str = ""

    def offered(self, live: Manifest) -> ResourceAction:
        return ResourceAction(
            name=self.name,
            params=tuple(ActionParam(name=name) for name in self.params),
            disabled=not self.possible(live),
            icon_class=f"fa fa-fw fa-{self.icon}",
            display_name=self.title,
        )


def _restart(live: Manifest, ordered: Ordered) -> Effect:
    annotations = {RESTARTED_AT: rfc3339(ordered.now)}
    return Patched({"spec": {"template": {"metadata": {"annotations": annotations}}}})


def _scale(live: Manifest, ordered: Ordered) -> Effect:
    asked = ordered.parameters.get("replicas", "")
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 12 and int(asked) <= MOST_REPLICAS):
        raise ValueError(f"replicas: {asked[:40]!r} is no number of replicas")
    return Patched({"spec": {"replicas": int(asked)}})


def _set(field: str, *, to: bool) -> Callable[[Manifest, Ordered], Effect]:
    def run(live: Manifest, ordered: Ordered) -> Effect:
        return Patched({"spec": {field: to}})

    return run


def _is(field: str, *, on: bool) -> Callable[[Manifest], bool]:
    def possible(live: Manifest) -> bool:
        return (at(live, "spec", field) is True) is on

    return possible


def _is_running(live: Manifest) -> bool:
    """A Job that has ended cannot be suspended any more."""
    ended = at(live, "status", "completionTime") is not None or bool(number(live, "status", "failed") or 0)
    return _is("suspend", on=False)(live) and not ended


def _create_job(live: Manifest, ordered: Ordered) -> Effect:
    """A Job as the CronJob would make it now."""
    template, metadata = at(live, "spec", "jobTemplate"), live["metadata"]
    suffix = f"-{ordered.now:%Y%m%d%H%M%S}"
    annotations = at(template, "metadata", "annotations")
    labels = at(template, "metadata", "labels")
    owner = {"apiVersion": live["apiVersion"], "kind": "CronJob", "name": metadata["name"], "uid": metadata["uid"]}
    made = {
        "name": metadata["name"][: LONGEST_JOB_NAME - len(suffix)].rstrip("-.") + suffix,
        "namespace": text(metadata, "namespace"),
        "annotations": {**(annotations if isinstance(annotations, dict) else {}), INSTANTIATE: "manual"},
        "labels": labels if isinstance(labels, dict) else {},
        "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
    }
    return Created({"apiVersion": "batch/v1", "kind": "Job", "metadata": made, "spec": at(template, "spec") or {}})


RESTART = Action(name="restart", icon="redo", run=_restart)
SCALE = Action(name="scale", icon="plus-circle", run=_scale, params=("replicas",))
PAUSE = Action(name="pause", icon="pause-circle", run=_set("paused", to=True), possible=_is("paused", on=False))
RESUME = Action(name="resume", icon="play-circle", run=_set("paused", to=False), possible=_is("paused", on=True))
SUSPEND = Action(name="suspend", icon="pause-circle", run=_set("suspend", to=True), possible=_is("suspend", on=False))
UNSUSPEND = Action(name="resume", icon="play-circle", run=_set("suspend", to=False), possible=_is("suspend", on=True))
SUSPEND_JOB = Action(name="suspend", icon="pause-circle", run=_set("suspend", to=True), possible=_is_running)
CREATE_JOB = Action(name="create-job", icon="play", run=_create_job, title="Create Job")

ACTIONS: Mapping[tuple[str, str], tuple[Action, ...]] = {
    ("apps", "Deployment"): (PAUSE, RESTART, RESUME, SCALE),
    ("apps", "StatefulSet"): (RESTART, SCALE),
    ("apps", "DaemonSet"): (RESTART,),
    ("apps", "ReplicaSet"): (SCALE,),
    ("batch", "CronJob"): (CREATE_JOB, UNSUSPEND, SUSPEND),
    ("batch", "Job"): (UNSUSPEND, SUSPEND_JOB),
}
"""By name, as they are listed."""
