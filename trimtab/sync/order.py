"""Argo CD's order of phases, waves and kinds, and the two moves that put containers before their content."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from trimtab.compare.prepare import CRD
from trimtab.model.application import SyncPhase
from trimtab.model.keys import Manifest, ObjectKey
from trimtab.sync.task import Task

PHASE_ORDER: Mapping[SyncPhase, int] = {"PreSync": -1, "Sync": 0, "PostSync": 1, "SyncFail": 2}
NAMESPACE = ("", "Namespace")
GroupKind = tuple[str, str]
Position = tuple[int, int]
"""Phase and wave, comparable."""

KIND_ORDER: Mapping[str, int] = {
    kind: at
    for at, kind in enumerate(
        (
            "Namespace",
            "NetworkPolicy",
            "ResourceQuota",
            "LimitRange",
            "PodSecurityPolicy",
            "PodDisruptionBudget",
            "ServiceAccount",
            "Secret",
            "SecretList",
            "ConfigMap",
            "StorageClass",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "CustomResourceDefinition",
            "ClusterRole",
            "ClusterRoleList",
            "ClusterRoleBinding",
            "ClusterRoleBindingList",
            "Role",
            "RoleList",
            "RoleBinding",
            "RoleBindingList",
            "Service",
            "DaemonSet",
            "Pod",
            "ReplicationController",
            "ReplicaSet",
            "Deployment",
            "HorizontalPodAutoscaler",
            "StatefulSet",
            "Job",
            "CronJob",
            "IngressClass",
            "Ingress",
            "APIService",
        )
    )
}
LAST = len(KIND_ORDER)


def kind_rank(kind: str) -> int:
    """Lower is applied earlier; kinds not in the list come after all that are."""
    return KIND_ORDER.get(kind, LAST)


def rank(task: Task) -> tuple[int, int, bool, bool, int, str, ObjectKey]:
    """The key that tasks are sorted by."""
    place = (*_position(task), task.action != "Prune", not task.first)
    return (*place, kind_rank(task.key.kind), task.key.kind, task.key)


def containers_first(tasks: Iterable[Task]) -> list[Task]:
    """Namespaces and CRDs move up to the first step that has something in them, be it a hook."""
    known = list(tasks)
    in_namespace: dict[str, Position] = {}
    of_kind: dict[GroupKind, Position] = {}
    for task in known:
        if task.action != "Prune":
            at, kind = _position(task), (task.key.group, task.key.kind)
            in_namespace[task.key.namespace] = min(at, in_namespace.get(task.key.namespace, at))
            of_kind[kind] = min(at, of_kind.get(kind, at))
    return [_moved(task, in_namespace, of_kind) for task in known]


def _moved(task: Task, in_namespace: Mapping[str, Position], of_kind: Mapping[GroupKind, Position]) -> Task:
    if task.action != "Apply" or task.target is None:
        return task
    if (task.key.group, task.key.kind) == NAMESPACE:
        return _moved_to(task, in_namespace.get(task.key.name))
    if (task.key.group, task.key.kind) != CRD:
        return task
    defined = defined_kind(task.target.manifest())
    moved = _moved_to(task, of_kind.get(defined))
    needed_early = kind_rank(defined[1]) < kind_rank(task.key.kind)
    return replace(moved, first=needed_early and of_kind.get(defined) == _position(moved))


def _moved_to(task: Task, position: Position | None) -> Task:
    if position is None or position >= _position(task):
        return task
    phase = next(phase for phase, number in PHASE_ORDER.items() if number == position[0])
    return replace(task, phase=phase, wave=position[1])


def _position(task: Task) -> Position:
    return (PHASE_ORDER[task.phase], task.wave)


def defined_kind(crd: Manifest) -> GroupKind:
    """(group, kind) that a CustomResourceDefinition defines; ("", "") where it does not say."""
    spec = crd.get("spec")
    names = spec.get("names") if isinstance(spec, dict) else None
    return (str(spec.get("group")), str(names.get("kind"))) if spec and isinstance(names, dict) else ("", "")
