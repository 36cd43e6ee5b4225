"""Deployments: a ReplicaSet per pod template, rolled over within surge and unavailability, with conditions."""

import hashlib
import math
from typing import Any

import orjson
from msgspec import Struct

from trimtab.model.keys import Manifest, annotations_of
from trimtab.sandbox.controllers.cluster import Cluster, owner_reference, revise

REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"

_SETS = "replicasets.apps"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Rollout(Struct, frozen=True):
    """A deployment with its sets: `new` has its template, `old` are the others."""

    deployment: Manifest
    new: Manifest | None
    old: tuple[Manifest, ...]

    @property
    def wanted(self) -> int:
        replicas: int = self.deployment["spec"].get("replicas", 1)
        return replicas

    def total(self, field: str) -> int:
        return sum((s.get("status") or {}).get(field, 0) for s in (self.new, *self.old) if s)


def deployment(cluster: Cluster, manifest: Manifest) -> float | None:
    if "deletionTimestamp" in manifest["metadata"]:
        return None
    rollout = _observe(cluster, manifest)
    if not manifest["spec"].get("paused"):
        rollout = _with_new_set(cluster, rollout)
        _roll(cluster, rollout)
    elif rollout.new:
        _scale(cluster, rollout.new, rollout.wanted - sum(_size(s) for s in rollout.old))
    rollout = _observe(cluster, manifest)
    status = _status(cluster, rollout)
    current = cluster.get("deployments.apps", manifest["metadata"]["namespace"], manifest["metadata"]["name"])
    if current is not None:
        cluster.set_status("deployments.apps", current, status)
    return _until_deadline(cluster, rollout, status)


def _observe(cluster: Cluster, manifest: Manifest) -> Rollout:
    sets = cluster.owned(manifest, _SETS)
    name = f"{manifest['metadata']['name']}-{template_hash(manifest['spec']['template'])}"
    new = next((s for s in sets if s["metadata"]["name"] == name), None)
    return Rollout(deployment=manifest, new=new, old=tuple(s for s in sets if s is not new))


def template_hash(template: Manifest) -> str:
    """Ten letters that stand for a pod template."""
    digest = hashlib.sha256(orjson.dumps(template, option=orjson.OPT_SORT_KEYS)).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:10])


def _revision(manifest: Manifest) -> int:
    text = annotations_of(manifest).get(REVISION, "0")
    return int(text) if text.isdecimal() else 0


def _with_new_set(cluster: Cluster, rollout: Rollout) -> Rollout:
    """Create the set of the current template, or make an old one current again; number the revision."""
    manifest, last = rollout.deployment, max(map(_revision, rollout.old), default=0)
    if rollout.new is None:
        cluster.create(_SETS, _new_set(rollout, last + 1))
    elif _revision(rollout.new) <= last:
        cluster.change(_SETS, rollout.new, lambda m: _annotate(m, last + 1))
    current = str(max(last + 1, _revision(rollout.new) if rollout.new else 0))
    if annotations_of(manifest).get(REVISION) != current:
        cluster.change("deployments.apps", manifest, lambda m: _annotate(m, int(current)))
    return _observe(cluster, manifest)


def _annotate(manifest: Manifest, revision: int) -> None:
    meta = manifest["metadata"]
    meta["annotations"] = {**(meta.get("annotations") or {}), REVISION: str(revision)}


def _new_set(rollout: Rollout, revision: int) -> Manifest:
    manifest = rollout.deployment
    template = manifest["spec"]["template"]
    meta, label = manifest["metadata"], {HASH: template_hash(template)}
    labels = {**((template.get("metadata") or {}).get("labels") or {}), **label}
    selector = manifest["spec"]["selector"]
    kept = {k: v for k, v in annotations_of(manifest).items() if "last-applied" not in k}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{meta['name']}-{label[HASH]}",
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": {**kept, REVISION: str(revision)},
            "ownerReferences": [owner_reference(manifest)],
        },
        "spec": {
            "replicas": 0 if rollout.old else rollout.wanted,
            "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), **label}},
            "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
        },
    }


def _roll(cluster: Cluster, rollout: Rollout) -> None:
    """One step: grow the new set as far as surge allows, shrink old ones as far as availability allows."""
    assert rollout.new is not None
    strategy = rollout.deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        for old in rollout.old:
            _scale(cluster, old, 0)
        if not any((s.get("status") or {}).get("replicas") or _size(s) for s in rollout.old):
            _scale(cluster, rollout.new, rollout.wanted)
        return
    surge, unavailable = _limits(strategy.get("rollingUpdate") or {}, rollout.wanted)
    others = sum(map(_size, rollout.old))
    room = rollout.wanted + surge - others
    _scale(cluster, rollout.new, max(min(rollout.wanted, room), min(_size(rollout.new), rollout.wanted)))
    _shrink(cluster, rollout, unavailable)
    _clean_up(cluster, rollout)


def _shrink(cluster: Cluster, rollout: Rollout, unavailable: int) -> None:
    spare = rollout.total("availableReplicas") - (rollout.wanted - unavailable)
    for old in sorted(rollout.old, key=_revision):
        ready = (old.get("status") or {}).get("availableReplicas", 0)
        broken = _size(old) - ready
        cut = broken + min(ready, max(0, spare))
        spare -= min(ready, max(0, spare))
        _scale(cluster, old, max(0, _size(old) - cut))


def _limits(rolling: dict[str, Any], wanted: int) -> tuple[int, int]:
    """Surge (rounded up) and unavailable (rounded down) as numbers; never both 0."""
    surge = _share(rolling.get("maxSurge", "25%"), wanted, up=True)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    return surge, unavailable if surge or unavailable else 1


def _share(value: int | str, wanted: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = float(value.removesuffix("%")) * wanted / 100
    return math.ceil(share) if up else math.floor(share)


def _size(manifest: Manifest) -> int:
    replicas: int = manifest["spec"].get("replicas", 1)
    return replicas


def _scale(cluster: Cluster, manifest: Manifest, replicas: int) -> None:
    if _size(manifest) != replicas:
        cluster.change(_SETS, manifest, lambda m: m["spec"].update(replicas=replicas))


def _clean_up(cluster: Cluster, rollout: Rollout) -> None:
    limit = rollout.deployment["spec"].get("revisionHistoryLimit", 10)
    empty = [s for s in rollout.old if not _size(s) and not (s.get("status") or {}).get("replicas")]
    for old in sorted(empty, key=_revision)[: max(0, len(empty) - limit)]:
        cluster.delete(_SETS, old)


def _status(cluster: Cluster, rollout: Rollout) -> dict[str, Any]:
    manifest, new = rollout.deployment, rollout.new
    available = rollout.total("availableReplicas")
    counts = {
        "replicas": rollout.total("replicas"),
        "updatedReplicas": ((new or {}).get("status") or {}).get("replicas", 0),
        "readyReplicas": rollout.total("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, max(rollout.wanted, rollout.total("replicas")) - available),
    }
    current = manifest.get("status") or {}
    old = current.get("conditions") or []
    conditions = revise(old, [_available(rollout, available), _progressing(cluster, rollout, counts)], cluster.now())
    for condition in conditions:
        before = next((c for c in old if c["type"] == condition["type"]), None)
        same = before and {**before, "lastUpdateTime": "", "lastTransitionTime": ""} == {
            **condition,
            "lastUpdateTime": "",
            "lastTransitionTime": "",
        }
        progressed = condition["type"] == "Progressing" and any(current.get(k, 0) != v for k, v in counts.items())
        condition["lastUpdateTime"] = before["lastUpdateTime"] if before and same and not progressed else cluster.now()
    return {
        "observedGeneration": manifest["metadata"]["generation"],
        **{name: count for name, count in counts.items() if count},
        "conditions": conditions,
    }


def _available(rollout: Rollout, available: int) -> dict[str, Any]:
    strategy = rollout.deployment["spec"].get("strategy") or {}
    unavailable = _limits(strategy.get("rollingUpdate") or {}, rollout.wanted)[1]
    enough = available >= rollout.wanted - (unavailable if strategy.get("type") != "Recreate" else 0)
    return {
        "type": "Available",
        "status": "True" if enough else "False",
        "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        "message": f"Deployment {'has' if enough else 'does not have'} minimum availability.",
    }


def _progressing(cluster: Cluster, rollout: Rollout, counts: dict[str, int]) -> dict[str, Any]:
    name = (rollout.new or rollout.deployment)["metadata"]["name"]
    if rollout.deployment["spec"].get("paused"):
        return _progress("Unknown", "DeploymentPaused", "Deployment is paused")
    if _complete(rollout, counts):
        return _progress("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
    since = _waiting_since(rollout, counts)
    deadline = rollout.deployment["spec"].get("progressDeadlineSeconds", 600)
    if since and cluster.seconds_since(since) > deadline:
        return _progress("False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.')
    return _progress("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')


def _progress(status: str, reason: str, message: str) -> dict[str, Any]:
    return {"type": "Progressing", "status": status, "reason": reason, "message": message}


def _complete(rollout: Rollout, counts: dict[str, int]) -> bool:
    wanted = rollout.wanted
    return counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wanted


def _waiting_since(rollout: Rollout, counts: dict[str, int]) -> str | None:
    """When the deployment last made progress, if nothing has moved since; a finished rollout starts anew."""
    current = rollout.deployment.get("status") or {}
    if current.get("observedGeneration") != rollout.deployment["metadata"]["generation"]:
        return None
    if any(current.get(name, 0) != count for name, count in counts.items()):
        return None
    last = next((c for c in current.get("conditions") or () if c["type"] == "Progressing"), None)
    return last["lastUpdateTime"] if last and last["reason"] != "NewReplicaSetAvailable" else None


def _until_deadline(cluster: Cluster, rollout: Rollout, status: dict[str, Any]) -> float | None:
    condition = next(c for c in status["conditions"] if c["type"] == "Progressing")
    if condition["reason"] != "ReplicaSetUpdated":
        return None
    deadline = rollout.deployment["spec"].get("progressDeadlineSeconds", 600)
    return max(0.1, float(deadline) + 1 - cluster.seconds_since(condition["lastUpdateTime"]))
