"""What the installed Roles and ClusterRoles allow, verb by verb."""

from collections.abc import Iterator
from typing import NamedTuple

from trimtab.manifests import install_objects


class Right(NamedTuple):
    """One verb on one kind. `role` is also the name of the ServiceAccount that has it; `name`: "" for any object."""

    kind: str
    role: str
    group: str
    resource: str
    name: str
    verb: str

    def __str__(self) -> str:
        of = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.kind} {self.role}: {self.verb} {of} {self.name}".rstrip()


def granted() -> Iterator[Right]:
    """Every right that is installed, as often as it is."""
    for role in install_objects():
        for rule in role.get("rules", ()):
            assert rule.keys() <= {"apiGroups", "resources", "resourceNames", "verbs"}, rule
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for name in rule.get("resourceNames", [""]):
                        for verb in rule["verbs"]:
                            yield Right(role["kind"], role["metadata"]["name"], group, resource, name, verb)
