"""How the API server serves one kind: the `Resource`, and the paths of its objects."""

from urllib.parse import quote

from msgspec import Struct

from trimtab.errors import Stalled
from trimtab.model.keys import Kind, ObjectKey


class Resource(Struct, frozen=True):
    """A kind as it is served: `plural` is its name in paths, `verbs` what it can do (`list`, `watch`, `patch` …)."""

    kind: Kind
    plural: str
    namespaced: bool
    verbs: frozenset[str] = frozenset()

    def collection(self, namespace: str = "") -> str:
        """The path of all objects, or of those in a namespace: `/apis/apps/v1/namespaces/shop/deployments`.

        Raises Stalled where the namespace can be none.
        """
        root = f"/apis/{self.kind.api_version}" if self.kind.group else f"/api/{self.kind.version}"
        if namespace and self.namespaced:
            return f"{root}/namespaces/{_segment(namespace)}/{self.plural}"
        return f"{root}/{self.plural}"

    def object(self, name: str, *, namespace: str = "", subresource: str = "") -> str:
        """The path of one object. Raises Stalled when a namespaced one names no namespace, or there is no name, or
        one that can be none.
        """
        if not name or (self.namespaced and not namespace):
            missing = "namespace" if name else "name"
            raise Stalled(f"{self.kind.kind} {name or '(unnamed)'}: no {missing} given", reason="BadRequest")
        path = f"{self.collection(namespace)}/{_segment(name)}"
        return f"{path}/{subresource}" if subresource else path

    def key(self, name: str, *, namespace: str = "") -> ObjectKey:
        """The key of one object; a namespace given for a cluster-scoped kind is left out."""
        return ObjectKey(self.kind.group, self.kind.kind, namespace if self.namespaced else "", name)


def _segment(name: str) -> str:
    """Nothing that a caller names leads to another path: dots go up, and are not escaped. Raises Stalled."""
    if name in (".", ".."):
        raise Stalled(f"{name} is no name of an object", reason="BadRequest")
    # RBAC names hold colons, which are themselves in a path.
    return quote(name, safe=":")
