"""Ownership: what grew out of what."""

from trimtab.live.tree import Kin, branches
from trimtab.model.keys import ObjectKey
from trimtab.model.observed import OwnerReference


def kin(kind: str, name: str, *owners: str, group: str = "", claims: tuple[str, ...] = ()) -> Kin:
    """An object whose uid is `KIND NAME`; `owners` are uids."""
    references = tuple(OwnerReference(kind="", name=owner, uid=owner) for owner in owners)
    return Kin(ObjectKey(group, kind, "shop", name), f"{kind} {name}", references, claims)


WEB = kin("Deployment", "web", group="apps")


def grown(roots: list[Kin], others: list[Kin]) -> list[str]:
    return [branch.kin.uid for branch in branches(roots, others)]


def test_children_of_children() -> None:
    others = [kin("Pod", "a", "ReplicaSet b"), kin("ReplicaSet", "b", "Deployment web"), kin("Pod", "c", "Node x")]
    assert grown([WEB], others) == ["ReplicaSet b", "Pod a"]


def test_nothing_is_met_twice() -> None:
    circle = [kin("A", "one", "A two", "Deployment web"), kin("A", "two", "A one"), kin("A", "itself", "A itself")]
    assert grown([WEB], circle) == ["A one", "A two"]
    assert grown([WEB, kin("A", "one")], [kin("A", "one", "Deployment web")]) == []


def test_owners_that_no_reference_names() -> None:
    roots = [kin("Service", "web"), kin("StatefulSet", "db", group="apps", claims=("data-db-",))]
    claims = [kin("PersistentVolumeClaim", name) for name in ("data-db-0", "data-db-x", "data-db-", "other-db-0")]
    found = branches(roots, [kin("Endpoints", "web"), kin("Endpoints", "other"), *claims])
    assert {branch.kin.key.name: [owner.key.kind for owner in branch.unnamed] for branch in found} == {
        "web": ["Service"],
        "data-db-0": ["StatefulSet"],
    }
