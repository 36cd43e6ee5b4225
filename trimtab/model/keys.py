"""How objects, kinds and applications are named."""

from typing import Any, NewType

from msgspec import Struct

Revision = NewType("Revision", str)
"""A resolved revision: a full Git commit SHA (40 hex digits), or a chart version."""

Manifest = dict[str, Any]
"""A Kubernetes object as decoded JSON: only dict, list, str, int, float, bool, None."""


class Kind(Struct, frozen=True, order=True):
    """A group, version and kind; `group` is "" for the core group."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.api_version}/{self.kind}"


class ObjectKey(Struct, frozen=True, order=True, gc=False):
    """Names one object of a cluster, whatever version it is read in; `namespace` is "" when cluster-scoped."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`apps/Deployment shop/web`, `Namespace shop`: how users see an object named."""
        kind = f"{self.group}/{self.kind}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


class AppKey(Struct, frozen=True, order=True):
    """Names one Application."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    def instance(self, control_namespace: str) -> str:
        """The name that tracking annotations carry: `name`, or `namespace_name` outside the control namespace."""
        return self.name if self.namespace == control_namespace else f"{self.namespace}_{self.name}"


def kind_of(manifest: Manifest) -> Kind:
    """The kind of a manifest; missing parts are ""."""
    api_version = manifest.get("apiVersion")
    group, _, version = (api_version if isinstance(api_version, str) else "").rpartition("/")
    kind = manifest.get("kind")
    return Kind(group=group, version=version, kind=kind if isinstance(kind, str) else "")


def key_of(manifest: Manifest, *, default_namespace: str = "") -> ObjectKey:
    """The key of a manifest; `default_namespace` is used where metadata names none."""
    kind = kind_of(manifest)
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return ObjectKey(
        group=kind.group,
        kind=kind.kind,
        namespace=metadata.get("namespace") or default_namespace,
        name=metadata.get("name") or "",
    )


def annotations_of(manifest: Manifest) -> dict[str, str]:
    """The annotations of a manifest, {} when it has none (or something else in their place)."""
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return annotations if isinstance(annotations, dict) else {}
