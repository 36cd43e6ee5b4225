"""The scale subresource: a number of replicas, whatever the kind calls it."""

from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox import faults, metadata, writing
from trimtab.sandbox.resources import Resource
from trimtab.sandbox.selectors import at
from trimtab.sandbox.world import World
from trimtab.sandbox.writing import Options, PatchType, Target, Written
from trimtab.typed.json_patch import PatchError, apply_json_patch, merge_patch

_BUILT_IN = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def scale_of(manifest: Manifest, resource: Resource) -> Manifest:
    """The Scale of an object."""
    paths = resource.scale or _BUILT_IN
    meta = manifest["metadata"]
    wanted = _value(manifest, paths["specReplicasPath"]) or 0
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: dict[str, Any] = {"replicas": _value(manifest, paths["statusReplicasPath"]) or 0}
    selector = _selector(manifest, paths)
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in kept if name in meta},
        "spec": {"replicas": wanted} if wanted else {},
        "status": status,
    }


def _value(manifest: Manifest, path: str) -> Any:
    return at(manifest, path.lstrip(".").split("."))


def _selector(manifest: Manifest, paths: dict[str, str]) -> str:
    labels = at(manifest, ["spec", "selector", "matchLabels"])
    if isinstance(labels, dict):
        return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return str(_value(manifest, paths.get("labelSelectorPath", ".status.selector")) or "")


def scale(world: World, target: Target, body: Manifest, options: Options) -> Written:
    """Raises Fault."""
    wanted = at(body, ["spec", "replicas"]) or 0
    if not isinstance(wanted, int) or wanted < 0:
        raise faults.bad_request(f"spec.replicas: Invalid value: {wanted!r}: must be greater than or equal to 0")
    path = (target.resource.scale or _BUILT_IN)["specReplicasPath"].lstrip(".").split(".")

    def change(manifest: Manifest) -> None:
        node = manifest
        for name in path[:-1]:
            node = node.setdefault(name, {})
        node[path[-1]] = wanted

    live = writing.live_object(world, target)
    version = at(body, ["metadata", "resourceVersion"])
    if version and version != live.manifest["metadata"]["resourceVersion"]:
        raise faults.conflict(target.resource, target.name)
    return writing.mutate(world, target, change, options)


def patch(world: World, target: Target, body: Any, options: Options, kind: PatchType) -> Written:
    """Raises Fault."""
    current = metadata.copied(scale_of(writing.live_object(world, target).manifest, target.resource))
    try:
        patched = apply_json_patch(current, body) if kind == "json" else merge_patch(current, body)
    except PatchError as error:
        raise faults.bad_request(str(error)) from error
    return scale(world, target, patched, options)
