"""The plan for taking an application out of an environment: which files go, and who else uses what stays."""

from msgspec import Struct

from trimtab.declare.change import SUFFIX, Change
from trimtab.declare.files import application_text
from trimtab.declare.place import Place, application_of, base_of, overlay_of, scope_of
from trimtab.declare.plan import Plan, Tools, Tree, recorded
from trimtab.declare.record import NAME, content_id
from trimtab.declare.users import destination_namespace, finalizers
from trimtab.errors import Stalled
from trimtab.model.names import BACKGROUND_FINALIZER, FOREGROUND_FINALIZER, RESOURCES_FINALIZER

CASCADING = frozenset({RESOURCES_FINALIZER, FOREGROUND_FINALIZER, BACKGROUND_FINALIZER})


class Removal(Struct, frozen=True, kw_only=True):
    """`cascades`: does the Application, as its file says, take its objects with it?"""

    plan: Plan
    namespace: str
    cascades: bool
    base_users: tuple[str, ...]


def plan_removal(app: str, place: Place, tree: Tree, tools: Tools, *, uncommitted: frozenset[str]) -> Removal:
    """Raises Stalled where there is no such application, or where edits would be lost that are in no commit."""
    overlay, base = overlay_of(app, place), base_of(app, place)
    manifest = application_of(app, place)
    own = (manifest, manifest + SUFFIX)
    gone = {path: text for path, text in tree.files.items() if path in own or path.startswith(f"{overlay}/")}
    if not gone:
        raise Stalled(
            f"environment {place.environment} has no application {app}: there is neither {manifest} nor {overlay}",
            reason="NotFound",
        )
    if not tree.users:
        gone |= {path: text for path, text in tree.files.items() if path.startswith(f"{base}/")}
    _refuse_losses(gone, _made(tree, (base, overlay), tools), uncommitted)
    value = tools.load(gone[manifest], manifest) if manifest in gone else None
    changes = tuple(Change(path=path, action="remove", before=gone[path], after=None) for path in sorted(gone))
    return Removal(
        plan=Plan(scope_of(app, place, base=not tree.users), changes),
        namespace=destination_namespace(value) or _recorded_namespace(tree, overlay, tools),
        cascades=bool(CASCADING.intersection(finalizers(value))),
        base_users=tree.users,
    )


def plan_cascade(app: str, place: Place, tree: Tree, tools: Tools) -> Plan | None:
    """The plan that has the Application take its objects with it, before it is removed; None where it does already.

    Raises Stalled where its file cannot be changed without a person.
    """
    path = application_of(app, place)
    now = tree.files.get(path)
    if now is None or CASCADING.intersection(finalizers(tools.load(now, path))):
        return None
    record = recorded(tree, overlay_of(app, place), tools)
    after = None
    if record and record.environment:
        made = application_text(record.declaration, record.environment, tools.dump)
        wanted = application_text(record.declaration, record.environment, tools.dump, cascade=True)
        after = wanted if now == made else tools.merge(now, made, wanted)
    if after is None:
        raise Stalled(f"{path}: add metadata.finalizers: [{RESOURCES_FINALIZER}] by hand, commit, and run this again")
    return Plan(scope_of(app, place, base=False), (Change(path=path, action="change", before=now, after=after),))


def _recorded_namespace(tree: Tree, overlay: str, tools: Tools) -> str:
    record = recorded(tree, overlay, tools)
    return record.declaration.namespace if record else ""


def _made(tree: Tree, folders: tuple[str, ...], tools: Tools) -> dict[str, str]:
    records = [record for folder in folders if (record := recorded(tree, folder, tools))]
    return {path: made for record in records for path, made in record.files.items()}


def _refuse_losses(gone: dict[str, str], made: dict[str, str], uncommitted: frozenset[str]) -> None:
    """What a person wrote and did not commit could not be had back."""
    lost = [
        path
        for path, text in sorted(gone.items())
        if path in uncommitted and content_id(text) != made.get(path) and not path.endswith((f"/{NAME}", SUFFIX))
    ]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise Stalled(f"{lost[0]}{more}: edits are not committed; commit them, or undo them, and run this again")
