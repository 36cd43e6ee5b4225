"""Actions on live objects: which there are, and running one."""

from collections.abc import Mapping

from trimtab.kube import write
from trimtab.model.keys import Manifest, key_of
from trimtab.model.names import ARGOCD_CM
from trimtab.server.failures import bad_request, precondition, unimplemented
from trimtab.server.live.actions import ACTIONS, Action, Created, Ordered, Patched, ResourceAction
from trimtab.server.live.belonging import Member
from trimtab.server.live.custom_actions import PREFIX, Custom, custom_actions
from trimtab.server.live.subject import Looked
from trimtab.server.writing.objects import FIELD_MANAGER


def offered(subject: Looked, member: Member) -> tuple[ResourceAction, ...]:
    """Those of the table, and those in Lua, which cannot be run."""
    custom = _custom(subject, member)
    live = member.manifest
    found = {action.name: action.offered(live) for action in _built_in(member, custom)}
    for name in custom.names if custom else ():
        found[name] = ResourceAction(name=name, disabled=True)
    return tuple(found[name] for name in sorted(found))


async def run(subject: Looked, member: Member, name: str, parameters: Mapping[str, str]) -> None:
    """Raises Failure (400, 501), `ApiError`."""
    custom = _custom(subject, member)
    if custom is not None and name in custom.names:
        raise unimplemented(f"running Lua actions ({PREFIX}{member.key.group}_{member.key.kind}: {name})")
    action = next((one for one in _built_in(member, custom) if one.name == name), None)
    if action is None:
        raise bad_request(f"{member.key.kind} has no action {name[:80]!r}")
    live = member.manifest
    if not action.possible(live):
        raise precondition(f"action {name} is not possible: {member.key} is not in a state for it")
    if unknown := sorted(parameters.keys() - set(action.params)):
        raise bad_request(f"action {name} takes no parameter {unknown[0][:80]!r}")
    try:
        effect = action.run(live, Ordered(parameters, subject.served.clock.now()))
    except ValueError as error:
        raise bad_request(f"action {name}: {error}") from error
    match effect:
        case Patched(patch):
            await _patch(subject, member, patch)
        case Created(manifest):
            await _create(subject, manifest)


async def _patch(subject: Looked, member: Member, patch: Manifest) -> None:
    """Only that very object: not another one that has taken its name."""
    patch = {**patch, "metadata": {**(patch.get("metadata") or {}), "uid": member.observed.meta.uid}}
    await write.patch(
        subject.cluster.transport,
        member.resource,
        member.key.name,
        patch,
        patch_type="merge",
        namespace=member.key.namespace,
        field_manager=FIELD_MANAGER,
    )


async def _create(subject: Looked, manifest: Manifest) -> None:
    """What the project does not permit is not made either. Raises Failure (400)."""
    limits = await subject.served.world.projects.limits(subject.app)
    if refusal := limits.object_refusal(key_of(manifest)):
        raise bad_request(refusal)
    resource = await subject.cluster.discovery.find("batch", manifest["kind"])
    await write.create(subject.cluster.transport, resource, manifest, field_manager=FIELD_MANAGER)


def _custom(subject: Looked, member: Member) -> Custom | None:
    settings = subject.served.configuration.config_map(ARGOCD_CM)
    return custom_actions(settings, member.key.group, member.key.kind)


def _built_in(member: Member, custom: Custom | None) -> tuple[Action, ...]:
    if custom is not None and not custom.merge_builtin_actions:
        return ()
    return ACTIONS.get((member.key.group, member.key.kind), ())
