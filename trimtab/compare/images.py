"""The container images that an object names, for summaries."""

from collections.abc import Iterator
from typing import Any

from trimtab.model.keys import Manifest

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


def images_of(manifest: Manifest) -> tuple[str, ...]:
    """The images of a Pod or of whatever has a pod template, sorted, each once."""
    return tuple(sorted(set(_images(_pod_spec(manifest)))))


def _pod_spec(manifest: Manifest) -> Any:
    spec = manifest.get("spec")
    if manifest.get("kind") == "Pod":
        return spec
    for step in (("template",), ("jobTemplate", "spec", "template")):
        node = spec
        for name in step:
            node = node.get(name) if isinstance(node, dict) else None
        if isinstance(node, dict):
            return node.get("spec")
    return None


def _images(spec: Any) -> Iterator[str]:
    if not isinstance(spec, dict):
        return
    for name in CONTAINER_LISTS:
        containers = spec.get(name)
        for container in containers if isinstance(containers, list) else ():
            if isinstance(container, dict) and isinstance(container.get("image"), str):
                yield container["image"]
