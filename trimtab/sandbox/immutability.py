"""What cannot be changed about an object once it is there, by kind, and what the API server says of it."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from trimtab.model.keys import Manifest
from trimtab.sandbox.faults import Cause
from trimtab.sandbox.selectors import at

Rule = Callable[[Manifest, Manifest], Iterator[Cause]]

_STATEFUL_SET_MAY = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_POD_MAY = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates")
_POD_RULE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_CLAIM_RULE = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)


def misfits(old: Manifest, new: Manifest, kind: str) -> Iterator[Cause]:
    """`kind` is the qualified resource."""
    for rule in RULES.get(kind, ()):
        yield from rule(old, new)


def shown(value: Any) -> str:
    """A value as errors quote it."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _fixed(path: str, why: str = "field is immutable") -> Rule:
    names = path.split(".")

    def rule(old: Manifest, new: Manifest) -> Iterator[Cause]:
        before, after = at(old, names), at(new, names)
        if before is not None and before != after:
            yield Cause("FieldValueInvalid", f"Invalid value: {shown(after)}: {why}", path)

    return rule


def _forbidden(path: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {why}", path)


def _parameter(path: str) -> Rule:
    def rule(old: Manifest, new: Manifest) -> Iterator[Cause]:
        if old.get(path) != new.get(path):
            yield _forbidden(path, f"updates to {path} are forbidden.")

    return rule


def _stateful_set(old: Manifest, new: Manifest) -> Iterator[Cause]:
    before = {name: value for name, value in old["spec"].items() if name not in _STATEFUL_SET_MAY}
    after = {name: value for name, value in new["spec"].items() if name not in _STATEFUL_SET_MAY}
    if before != after:
        listed = ", ".join(f"'{name}'" for name in _STATEFUL_SET_MAY[:-1])
        why = f"updates to statefulset spec for fields other than {listed} and '{_STATEFUL_SET_MAY[-1]}' are forbidden"
        yield _forbidden("spec", why)


def _claim(old: Manifest, new: Manifest) -> Iterator[Cause]:
    before, after = _without_size(old["spec"]), _without_size(new["spec"])
    if not before.get("volumeName"):
        after.pop("volumeName", None)  # it is bound by this update
    if before != after:
        yield _forbidden("spec", _CLAIM_RULE)


def _without_size(spec: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in spec.items() if name not in ("resources", "volumeAttributesClassName")}
    return {name: value for name, value in kept.items() if value != ""}


def _pod(old: Manifest, new: Manifest) -> Iterator[Cause]:
    before, after = _without_images(old["spec"]), _without_images(new["spec"])
    if not before.get("nodeName"):
        after.pop("nodeName", None)  # it is scheduled by this update
    if before != after:
        yield _forbidden("spec", _POD_RULE)


def _without_images(spec: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in spec.items() if name not in _POD_MAY}
    for name in ("containers", "initContainers"):
        if name in kept:
            kept[name] = [{k: v for k, v in container.items() if k != "image"} for container in kept[name]]
    return kept


def _sealed(*fields: str) -> Rule:
    """ConfigMaps and Secrets that say that they are immutable."""

    def rule(old: Manifest, new: Manifest) -> Iterator[Cause]:
        if not old.get("immutable"):
            return
        if not new.get("immutable"):
            yield _forbidden("immutable", "field is immutable when `immutable` is set")
        for name in fields:
            if old.get(name) != new.get(name):
                yield _forbidden(name, "field is immutable when `immutable` is set")

    return rule


def _role(old: Manifest, new: Manifest) -> Iterator[Cause]:
    before, after = old.get("roleRef") or {}, new.get("roleRef") or {}
    if before != after:
        told = {"APIGroup": after.get("apiGroup", ""), "Kind": after.get("kind", ""), "Name": after.get("name", "")}
        yield Cause("FieldValueInvalid", f"Invalid value: {shown(told)}: cannot change roleRef", "roleRef")


def _cluster_address(old: Manifest, new: Manifest) -> Iterator[Cause]:
    before, after = at(old, ["spec", "clusterIP"]), at(new, ["spec", "clusterIP"])
    if before and after and after != before and at(new, ["spec", "type"]) != "ExternalName":
        message = f'Invalid value: ["{after}"]: may not change once set'
        yield Cause("FieldValueInvalid", message, "spec.clusterIPs[0]")


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "pods": (_pod,),
    "deployments.apps": (_fixed("spec.selector"),),
    "daemonsets.apps": (_fixed("spec.selector"),),
    "replicasets.apps": (_fixed("spec.selector"),),
    "statefulsets.apps": (_stateful_set,),
    "jobs.batch": (
        _fixed("spec.completions"),
        _fixed("spec.selector"),
        _fixed("spec.template"),
        _fixed("spec.completionMode"),
    ),
    "persistentvolumeclaims": (_claim,),
    "services": (_cluster_address,),
    "configmaps": (_sealed("data", "binaryData"),),
    "secrets": (_fixed("type"), _sealed("data")),
    "rolebindings.rbac.authorization.k8s.io": (_role,),
    "clusterrolebindings.rbac.authorization.k8s.io": (_role,),
    "storageclasses.storage.k8s.io": (_parameter("provisioner"), _parameter("parameters"), _parameter("reclaimPolicy")),
}
"""By qualified resource."""
