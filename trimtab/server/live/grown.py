"""A tree put together from an application's own objects and from what surrounds them. Pure."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from trimtab.live.tree import Branch, branches
from trimtab.model.appproject import OrphanedResources
from trimtab.model.globs import matches
from trimtab.model.keys import Kind, ObjectKey
from trimtab.server.live.describe import Seen, missing, parent_ref
from trimtab.server.live.nodes import ApplicationTree, ResourceNode, ResourceRef

NEVER_ORPHANS = {
    ("", "ServiceAccount", "default"),
    ("", "ConfigMap", "kube-root-ca.crt"),
    ("", "Service", "kubernetes"),
}
"""What Kubernetes itself puts into a namespace."""


class Grown(Struct, frozen=True):
    """A tree (without hosts), and every live object in it; `orphans` are not among `members`."""

    tree: ApplicationTree
    members: Mapping[ObjectKey, Seen]
    orphans: Mapping[ObjectKey, Seen] = {}

    def below(self, key: ObjectKey) -> list[Seen]:
        """The object `key` and what it owns, and so on; [] where it is not in the tree."""
        top = self.members.get(key)
        if top is None:
            return []
        children: defaultdict[str, list[str]] = defaultdict(list)
        for node in self.tree.nodes:
            for ref in node.parent_refs:
                children[ref.uid].append(node.uid)
        inside, todo = {top.kin.uid}, deque((top.kin.uid,))
        while todo:
            new = [uid for uid in children.get(todo.popleft(), ()) if uid not in inside]
            inside.update(new)
            todo.extend(new)
        return [one for one in self.members.values() if one.kin.uid in inside]


class Wanted(Struct, frozen=True):
    """What a tree is made of. `orphaned`: the project's say about nobody's objects in the namespace `place`."""

    roots: tuple[Seen, ...]
    missing: Mapping[ObjectKey, Kind] = {}
    around: tuple[Seen, ...] = ()
    place: str = ""
    orphaned: OrphanedResources | None = None


def grow(wanted: Wanted) -> Grown:
    """The roots, what they own, what is missing, and the orphans where the project asks for them."""
    own = {root.kin.uid for root in wanted.roots}
    others = {one.kin.uid: one for one in wanted.around if one.kin.uid not in own}
    grown = branches([root.kin for root in wanted.roots], [one.kin for one in others.values()])
    members = {one.kin.key: one for one in (*wanted.roots, *(others[branch.kin.uid] for branch in grown))}
    nodes = [_node(root) for root in wanted.roots]
    nodes += [_node(others[branch.kin.uid], _unnamed(branch, members)) for branch in grown]
    nodes += [missing(kind=kind, key=key) for key, kind in wanted.missing.items()]
    lone = {one.kin.key: one for one in others.values() if one.kin.key not in members and _is_orphan(one, wanted)}
    tree = ApplicationTree(nodes=_sorted(nodes), orphaned_nodes=_sorted(_node(one) for one in lone.values()))
    return Grown(tree, members, lone)


def _node(one: Seen, unnamed: tuple[ResourceRef, ...] = ()) -> ResourceNode:
    refs = tuple(parent_ref(owner, one.kin.key.namespace) for owner in one.kin.owners)
    return replace(one.node, parent_refs=(*refs, *unnamed)) if refs or unnamed else one.node


def _unnamed(branch: Branch, members: Mapping[ObjectKey, Seen]) -> tuple[ResourceRef, ...]:
    return tuple(
        ResourceRef(
            group=owner.key.group,
            version=members[owner.key].node.version,
            kind=owner.key.kind,
            namespace=owner.key.namespace,
            name=owner.key.name,
            uid=owner.uid,
        )
        for owner in branch.unnamed
        if owner.key in members
    )


def _is_orphan(one: Seen, wanted: Wanted) -> bool:
    """Nobody's object in the application's namespace that the project does not ask to overlook."""
    key = one.kin.key
    if wanted.orphaned is None or one.tracked or one.kin.owners or key.namespace != wanted.place:
        return False
    if (key.group, key.kind, key.name) in NEVER_ORPHANS:
        return False
    return not any(
        _fits(rule.group, key.group) and _fits(rule.kind, key.kind) and _fits(rule.name, key.name)
        for rule in wanted.orphaned.ignore
    )


def _fits(pattern: str, text: str) -> bool:
    try:
        return not pattern or matches(pattern, text)
    except ValueError:
        return False


def _sorted(nodes: Iterable[ResourceNode]) -> tuple[ResourceNode, ...]:
    return tuple(sorted(nodes, key=lambda node: (node.group, node.kind, node.namespace, node.name)))
