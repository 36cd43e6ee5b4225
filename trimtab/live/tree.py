"""Who belongs to whom: the objects that grew out of others, found by ownerReferences. Pure."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from msgspec import Struct

from trimtab.model.keys import ObjectKey
from trimtab.model.observed import OwnerReference


class Kin(Struct, frozen=True):
    """An object as far as ownership goes. `claims`: what the names of a StatefulSet's claims begin with."""

    key: ObjectKey
    uid: str
    owners: tuple[OwnerReference, ...] = ()
    claims: tuple[str, ...] = ()


class Branch(Struct, frozen=True):
    """An object that grew out of others. `unnamed`: its owners that no ownerReference names."""

    kin: Kin
    unnamed: tuple[Kin, ...] = ()


def branches(roots: Iterable[Kin], others: Iterable[Kin]) -> list[Branch]:
    """Those of `others` that a root owns, or that one of these owns, and so on: none twice, and no root."""
    roots, others = list(roots), list(others)
    unnamed = _unnamed([*roots, *others], others)
    children: defaultdict[str, list[Kin]] = defaultdict(list)
    for kin in others:
        for uid in (*(owner.uid for owner in kin.owners), *(owner.uid for owner in unnamed.get(kin.uid, ()))):
            children[uid].append(kin)
    met = {root.uid for root in roots}
    todo = deque(met)
    found: list[Branch] = []
    while todo:
        for child in children.get(todo.popleft(), ()):
            if child.uid not in met:
                met.add(child.uid)
                todo.append(child.uid)
                found.append(Branch(child, unnamed.get(child.uid, ())))
    return found


def _unnamed(parents: Iterable[Kin], children: Iterable[Kin]) -> dict[str, tuple[Kin, ...]]:
    """Endpoints have their Service's name, and claims that of their StatefulSet, template and ordinal."""
    services: dict[tuple[str, str], Kin] = {}
    claiming: defaultdict[str, list[Kin]] = defaultdict(list)
    for parent in parents:
        if (parent.key.group, parent.key.kind) == ("", "Service"):
            services[parent.key.namespace, parent.key.name] = parent
        if parent.claims:
            claiming[parent.key.namespace].append(parent)
    found = {}
    for child in children:
        if not child.owners and (owners := tuple(_owners_by_name(child, services, claiming))):
            found[child.uid] = owners
    return found


def _owners_by_name(child: Kin, services: dict[tuple[str, str], Kin], claiming: dict[str, list[Kin]]) -> Iterator[Kin]:
    place = child.key.namespace, child.key.name
    match child.key.group, child.key.kind:
        case "", "Endpoints":
            if place in services:
                yield services[place]
        case "", "PersistentVolumeClaim":
            yield from (one for one in claiming.get(child.key.namespace, ()) if _claims(one, child.key.name))


def _claims(stateful_set: Kin, name: str) -> bool:
    """`data-web-0` belongs to the StatefulSet `web` with a claim template `data`."""
    return any(name.startswith(start) and name[len(start) :].isdecimal() for start in stateful_set.claims)
