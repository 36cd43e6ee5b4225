"""From what a caller wants of an Application to the written object: rights, checks, and the writing itself."""

from collections.abc import Callable
from typing import Any

from trimtab.kube.errors import AlreadyExists, StaleConflict
from trimtab.model.application import ApplicationSpec
from trimtab.model.keys import Manifest
from trimtab.server.applications import lookup
from trimtab.server.call import Call
from trimtab.server.failures import bad_request, denied
from trimtab.server.writing import objects
from trimtab.server.writing.application import Wanted, as_manifest, is_same, laid_over, project_of, spec_of
from trimtab.server.writing.objects import APPLICATION
from trimtab.server.writing.reach import check_permitted, check_reachable

AnyCall = Call[Any, Any]
Intent = Callable[[Manifest], Wanted]
"""What the caller wants to be made of the state at hand. Raises Failure."""


class Named:
    """The Application that a call is about, and what the caller wants to do to it."""

    def __init__(self, call: AnyCall, name: str, *, action: str, namespace: str | None, project: str | None) -> None:
        self._call = call
        self._action = action
        self._namespace = namespace or ""
        self._project = project or ""
        self.name = name

    async def read(self) -> Manifest:
        """It, as the API server has it now. Raises Failure where the caller may not see it, or not do that to it."""
        for fresh in (False, True):
            await lookup.find(
                self._call,
                self.name,
                action=self._action,
                app_namespace=self._namespace,
                project=self._project,
                fresh=fresh,
            )
            if (current := await objects.find(self._call.served, APPLICATION, self.name)) is not None:
                self.check(current)
                return current
        raise denied()

    def check(self, current: Manifest, action: str = "") -> None:
        """May the caller do it (or `action`) in the project that the Application is in now? Raises Failure (403).

        Where they may not even see it there, it is not told where that is.
        """
        if not self._call.may("applications", "get", rbac_name(current)):
            raise denied()
        self._call.require("applications", action or self._action, rbac_name(current))


def rbac_name(current: Manifest) -> str:
    """What policies call the Application: only those of the control namespace are served."""
    return f"{project_of(current.get('spec') or {})}/{current['metadata']['name']}"


async def make(call: AnyCall, wanted: Wanted, *, upsert: bool, validate: bool) -> Manifest:
    """Create the Application. One that is there is given back where it is as wanted, or changed on `upsert`."""
    for _ in range(objects.ATTEMPTS):
        current = await objects.find(call.served, APPLICATION, wanted.key.name)
        if current is not None:
            return await _make_of(call, current, wanted, upsert=upsert, validate=validate)
        await _check(call, wanted, validate=validate)
        try:
            return await objects.create(call.served, APPLICATION, as_manifest(wanted))
        except AlreadyExists:
            continue
    raise objects.too_busy(APPLICATION, wanted.key.name)


async def _make_of(call: AnyCall, current: Manifest, wanted: Wanted, *, upsert: bool, validate: bool) -> Manifest:
    moves = project_of(current.get("spec") or {}) != wanted.spec.project
    if moves and not call.may("applications", "update", rbac_name(current)):
        # One that the caller may not touch is not told of.
        raise denied()
    if is_same(current, wanted):
        return current
    if not upsert:
        raise bad_request("existing application spec is different, use upsert flag to force update")
    named = Named(call, wanted.key.name, action="update", namespace=None, project=None)
    return await change(call, named, lambda _: wanted, validate=validate, merge=True)


async def change(call: AnyCall, named: Named, intent: Intent, *, validate: bool, merge: bool = False) -> Manifest:
    """Write what `intent` makes of the Application, over exactly the state that it was made of.

    Raises Failure; `ApiError`s.
    """
    checked: ApplicationSpec | None = None
    for _ in range(objects.ATTEMPTS):
        current = await named.read()
        wanted = intent(current)
        objects.check_version(current, wanted.metadata.resource_version)
        if is_same(current, wanted):
            return current
        _check_move(call, current, wanted)
        if wanted.spec != checked:
            await _check(call, wanted, validate=validate and _asks_for_other_content(current, wanted))
            checked = wanted.spec
        try:
            return await objects.put(call.served, APPLICATION, laid_over(current, wanted, merge=merge))
        except StaleConflict:
            continue
    raise objects.too_busy(APPLICATION, named.name)


def _check_move(call: AnyCall, current: Manifest, wanted: Wanted) -> None:
    """Whoever moves an Application to another project could have made it there. Raises Failure (403)."""
    if wanted.spec.project != project_of(current.get("spec") or {}):
        call.require("applications", "create", f"{wanted.spec.project}/{wanted.key.name}")


def _asks_for_other_content(current: Manifest, wanted: Wanted) -> bool:
    """A label is changed also while the repository cannot be reached."""
    known = spec_of(current)
    return known is None or known.all_sources() != wanted.spec.all_sources()


async def _check(call: AnyCall, wanted: Wanted, *, validate: bool) -> None:
    check_permitted(call.served, wanted)
    if validate:
        await check_reachable(call.served, wanted)
