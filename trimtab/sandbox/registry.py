"""Which resources are served now: the built-in table, and what CRDs add. Answers by path and by kind."""

from collections.abc import Iterable

from msgspec.structs import replace

from trimtab.model.keys import Kind
from trimtab.sandbox.resources import LINES, Line, Resource, prefix_of
from trimtab.typed.builtin import schema_of


class Registry:
    """Resources by (group, version, plural). `revision` changes whenever the set does."""

    def __init__(self, lines: Iterable[Line] = LINES) -> None:
        self.revision = 0
        self._resources: dict[tuple[str, str, str], Resource] = {}
        for line in lines:
            resource = _from_line(line)
            self._resources[resource.group, resource.version, resource.plural] = resource

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        resource = self._resources.get((group, version, plural))
        if resource is not None and not resource.custom and resource.schema.shape == "any":
            # Schemas are built when a kind is first used.
            resource = replace(resource, schema=schema_of(resource.gvk))
            self._resources[group, version, plural] = resource
        return resource

    def by_kind(self, kind: Kind) -> Resource | None:
        for key, resource in self._resources.items():
            if resource.gvk == kind:
                return self.find(*key)
        return None

    def by_group_kind(self, group: str, kind: str) -> Resource | None:
        for key, resource in self._resources.items():
            if resource.group == group and resource.kind == kind:
                return self.find(*key)
        return None

    def versions_of(self, storage: str) -> list[Resource]:
        return [resource for resource in self._resources.values() if resource.storage == storage]

    def all(self) -> list[Resource]:
        return list(self._resources.values())

    def replace_custom(self, group: str, plural: str, resources: Iterable[Resource]) -> None:
        """Serve exactly these versions of a custom resource; none to stop serving it."""
        kept = {k: r for k, r in self._resources.items() if not (r.custom and (k[0], k[2]) == (group, plural))}
        kept.update({(r.group, r.version, r.plural): r for r in resources})
        self._resources = kept
        self.revision += 1


def _from_line(line: Line) -> Resource:
    group, _, version = line.api_version.rpartition("/")
    return Resource(
        group=group,
        version=version,
        kind=line.kind,
        plural=line.plural,
        namespaced=line.namespaced,
        short=tuple(line.short.split()),
        categories=tuple(line.categories.split()),
        subresources=tuple(line.sub.split()),
        storage=f"{line.plural}.{group}" if group else line.plural,
        singular=line.kind.lower(),
        prefix=prefix_of(line.api_version, line.kind),
    )
