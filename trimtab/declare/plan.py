"""The plan for an application in one environment: which files change, and how. Nothing is written here."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trimtab.declare.change import SUFFIX, Change, Merge, Version, changes_for
from trimtab.declare.declaration import Declaration
from trimtab.declare.files import Dump, Files, base_files, environment_files, namespace_text
from trimtab.declare.objects import image_name
from trimtab.declare.place import Layout, Place, Scope, layout_of, scope_of
from trimtab.declare.record import NAME, Record, content_id, record_of, text_of
from trimtab.errors import Stalled


class Tree(Struct, frozen=True):
    """What the checkout holds: the texts of all files of the application and of the environment that may matter.

    `users`: where the base is used besides, by other environments.
    """

    files: Files
    users: tuple[str, ...] = ()


class Tools(Struct, frozen=True):
    """What needs more than values: YAML both ways, merging, and texts out of Git by their ids."""

    dump: Dump
    load: Callable[[str, str], Any]
    """(text, origin) → value. Raises TrimtabError."""
    merge: Merge
    stored: Callable[[str], str | None]


class Plan(Struct, frozen=True):
    """`scope`: what may be written at all; whoever writes holds the changes against it once more.

    `base_users`: for whose sake the base is left other than it is declared here.
    """

    scope: Scope
    changes: tuple[Change, ...]
    base_users: tuple[str, ...] = ()

    @property
    def writes(self) -> tuple[Change, ...]:
        """Those that change a file, in the order to write them: records last, that of the base at the very end.

        So whatever interrupts it, the next run finds what was made before, and completes it.
        """
        writes = [one for one in self.changes if one.before != one.after]
        return tuple(
            sorted(writes, key=lambda one: (one.path.endswith(f"/{NAME}"), one.path.endswith(f"/base/{NAME}")))
        )

    @property
    def reviews(self) -> tuple[Change, ...]:
        """Patches that wait for a person."""
        return tuple(one for one in self.changes if one.action == "review")


class _Part(Struct, frozen=True, kw_only=True):
    """A folder with its record: what is made for it now, and what was made before."""

    record_path: str
    record: Record
    made: Files
    old_record: Record | None
    old: Files


def plan_application(declared: Declaration, place: Place, tree: Tree, tools: Tools) -> Plan:
    """Raises Stalled where a record that is needed is missing or damaged."""
    layout = layout_of(declared, place)
    old_base = recorded(tree, layout.base, tools)
    base = _base_declaration(declared, layout, old_base=old_base, tree=tree)
    parts = [_environment_part(declared, place, layout=layout, base=base, old_base=old_base, tree=tree, tools=tools)]
    if not tree.users:
        parts.insert(0, _base_part(declared, place, layout=layout, old=old_base, tools=tools))
    changes = [change for part in parts for change in _planned(part, tree, tools)]
    made = namespace_text(declared, tools.dump)
    changes.append(_namespace(layout.namespace, tree, made=made))
    scope = scope_of(declared.name, place, base=not tree.users)
    differs = base_files(base, place, tools.dump) != base_files(declared, place, tools.dump)
    return Plan(scope, tuple(sorted(changes, key=lambda one: one.path)), tree.users if differs else ())


def recorded(tree: Tree, folder: str, tools: Tools) -> Record | None:
    """The record of a folder. Raises Stalled where it cannot be read."""
    path = f"{folder}/{NAME}"
    text = tree.files.get(path)
    return None if text is None else record_of(tools.load(text, path), origin=path)


def _base_declaration(declared: Declaration, layout: Layout, *, old_base: Record | None, tree: Tree) -> Declaration:
    """What the base is made from: what others use is left as it is."""
    if not tree.users:
        return declared
    if old_base is None:
        raise Stalled(
            f"{layout.base}/{NAME} is missing, and {tree.users[0]} uses the base: restore it from Git",
            reason="InvalidRecord",
        )
    return old_base.declaration


def _base_part(declared: Declaration, place: Place, *, layout: Layout, old: Record | None, tools: Tools) -> _Part:
    return _Part(
        record_path=f"{layout.base}/{NAME}",
        record=Record(declaration=_common(declared)),
        made=base_files(declared, place, tools.dump),
        old_record=old,
        old=base_files(old.declaration, place, tools.dump) if old else {},
    )


def _environment_part(
    declared: Declaration,
    place: Place,
    *,
    layout: Layout,
    base: Declaration,
    old_base: Record | None,
    tree: Tree,
    tools: Tools,
) -> _Part:
    old = recorded(tree, layout.overlay, tools)
    remade: Files = {}
    if old and old.environment and old_base:
        remade = environment_files(old.declaration, old.environment, tools.dump, base=old_base.declaration)
    return _Part(
        record_path=f"{layout.overlay}/{NAME}",
        record=Record(declaration=declared, environment=place),
        made=environment_files(declared, place, tools.dump, base=base),
        old_record=old,
        old=remade,
    )


def _common(declared: Declaration) -> Declaration:
    """The declaration without what only one environment has: the base's record does not change with a version."""
    return replace(declared, image=f"{image_name(declared.image)}:any", env={}, host="", replicas=1)


def _planned(part: _Part, tree: Tree, tools: Tools) -> list[Change]:
    before = part.old_record
    ids: Mapping[str, str] = before.files if before else {}
    waiting = before.review if before else ()
    changes: list[Change] = []
    for path in sorted({*part.made, *ids, *waiting}):
        version = _version(path, part, tree=tree, tools=tools, pending=path in waiting)
        changes += changes_for(version, tools.merge)
    reviewed = {one.path.removesuffix(SUFFIX) for one in changes if one.action == "review"}
    record = Record(
        declaration=part.record.declaration,
        environment=part.record.environment,
        files={path: content_id(text) for path, text in sorted(part.made.items())},
        review=tuple(sorted(reviewed)),
    )
    return [*changes, _record_change(part.record_path, tree, made=text_of(record, tools.dump))]


def _version(path: str, part: _Part, *, tree: Tree, tools: Tools, pending: bool) -> Version:
    old_id = part.old_record.files.get(path, "") if part.old_record else ""
    patch = tree.files.get(path + SUFFIX)
    old = part.old.get(path)
    if old is None or content_id(old) != old_id:
        old = tools.stored(old_id) if old_id else None
    return Version(
        path=path,
        now=tree.files.get(path),
        made=part.made.get(path),
        old_id=old_id,
        old=old,
        patch=patch,
        pending=pending and patch is not None,
    )


def _record_change(path: str, tree: Tree, *, made: str) -> Change:
    now = tree.files.get(path)
    return Change(
        path=path, action="create" if now is None else "same" if now == made else "change", before=now, after=made
    )


def _namespace(path: str, tree: Tree, *, made: str) -> Change:
    """A namespace is the environment's: made where there is none, and never changed for an application."""
    now = tree.files.get(path)
    if now is None:
        return Change(path=path, action="create", before=None, after=made)
    return Change(path=path, action="same" if now == made else "keep", before=now, after=now, note="as it was")
