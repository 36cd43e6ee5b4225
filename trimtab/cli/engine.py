"""Looking at an application without a controller: the same rendering and comparing, done once."""

from collections.abc import Iterable

from msgspec import Struct

from trimtab.cli.rendering import identity_of, rendered
from trimtab.cli.view import KubeFacts, View
from trimtab.compare.comparison import Comparison, compare
from trimtab.compare.prepare import Identity, Prepared, Scope, prepare, scopes_declared
from trimtab.errors import Stalled
from trimtab.live.entry import Entry
from trimtab.model.application import Application
from trimtab.model.keys import Kind, ObjectKey, kind_of
from trimtab.model.target import Target
from trimtab.render import Tree, Workshop
from trimtab.sandbox.resources import LINES

NAMESPACE = Kind(group="", version="v1", kind="Namespace")
BUILT_IN: dict[tuple[str, str], Scope] = {
    (line.api_version.rpartition("/")[0], line.kind): "Namespaced" if line.namespaced else "Cluster" for line in LINES
}
"""The scopes of Kubernetes' own kinds, for when there is no cluster to ask."""


class Declared(Struct, frozen=True):
    """What the sources of an application declare."""

    app: Application
    identity: Identity
    targets: tuple[Target, ...]


async def declared_by_git(app: Application, view: View, *, revision: str = "") -> Declared:
    """What Git declares, at `revision` instead of the one that the (only) source names. Raises Stalled or Retry."""
    return _declared(app, await view.targets(revision))


async def declared_by_folder(app: Application, tree: Tree, view: View | None) -> Declared:
    """What a folder on disk declares: `tree` at the path of the application's first source."""
    source = app.spec.all_sources()[0]
    facts = await view.facts() if view else KubeFacts()
    async with Workshop() as shop:
        rendering = await rendered(app, source, tree=tree, facts=facts, workshop=shop, revision="")
    return _declared(app, rendering.targets)


def _declared(app: Application, targets: Iterable[Target]) -> Declared:
    return Declared(app=app, identity=identity_of(app).identity, targets=tuple(targets))


async def prepared(declared: Declared, view: View | None) -> Prepared:
    """The targets as they would be applied. Raises Stalled with the first thing that cannot be decided."""
    kinds = {(kind.group, kind.kind) for kind in (kind_of(target.manifest) for target in declared.targets)}
    served = await view.scopes(kinds) if view else {kind: BUILT_IN.get(kind, "Namespaced") for kind in kinds}
    scopes = {**served, **scopes_declared(declared.targets)}
    made = prepare(declared.targets, identity=declared.identity, scopes=scopes)
    if made.errors:
        more = f" (and {len(made.errors) - 1} more)" if len(made.errors) > 1 else ""
        raise Stalled(f"{made.errors[0].message}{more}", reason="ComparisonError")
    return made


async def compared(declared: Declared, made: Prepared, view: View | None) -> Comparison:
    """The targets against what runs (nothing, without a cluster); what looks different is confirmed by a dry run."""
    live = await _live(declared.app, made, view) if view else {}
    found = compare(made, instance=declared.identity.instance, live=live, known={})
    suspects = found.suspects()
    return found.settled(await view.confirm(suspects)) if suspects and view else found


def reported(app: Application) -> dict[ObjectKey, Kind]:
    """The objects that the status says belong to the application."""
    return {
        ObjectKey(group=one.group, kind=one.kind, namespace=one.namespace, name=one.name): Kind(
            group=one.group, version=one.version, kind=one.kind
        )
        for one in app.status.resources
    }


async def _live(app: Application, made: Prepared, view: View) -> dict[ObjectKey, Entry]:
    """The objects that the targets name, and those that the application's status reports."""
    return await view.entries({**reported(app), **{target.key: target.kind for target in made.objects}})
