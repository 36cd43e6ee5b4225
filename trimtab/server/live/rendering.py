"""What Git declares for an application at revisions of the caller's choice, and what manifests of theirs would do."""

import msgspec

from trimtab.compare.prepare import CRD, TargetObject, prepare, scopes_declared
from trimtab.compare.redact import is_secret
from trimtab.controller.refresh import declare
from trimtab.controller.world import Declared
from trimtab.errors import Stalled
from trimtab.kube.errors import Forbidden
from trimtab.model.keys import Manifest, annotations_of, key_of, kind_of
from trimtab.model.names import ARGOCD_CM
from trimtab.model.part import Part
from trimtab.model.target import Target
from trimtab.model.tracking import owner_of
from trimtab.server.failures import bad_request
from trimtab.server.live.belonging import absent
from trimtab.server.live.looks import looks_of
from trimtab.server.live.managed import ResourceDiff, Sides, diff_of, differs, live_of, managed, predicted
from trimtab.server.live.masks import masked, shown
from trimtab.server.live.names import InApplication
from trimtab.server.live.revisions import IntegrityResult
from trimtab.server.live.subject import Looked

MOST_MANIFESTS = 100
LONGEST_REVISION = 256


class ManifestQuery(InApplication, frozen=True):
    """`revision`: of the (first) source. `revisions` go with `source_positions`, counted from 1. `no_cache`: ask Git
    again.
    """

    revision: str = ""
    source_positions: tuple[int, ...] = ()
    revisions: tuple[str, ...] = ()
    no_cache: bool = False


class DiffQuery(InApplication, frozen=True):
    """Manifests as JSON; those that Git declares where none is given."""

    target_manifests: tuple[str, ...] = ()


class ManifestResponse(Part, frozen=True):
    """Objects as JSON; Secrets' values are masked."""

    manifests: tuple[str, ...] = ()
    namespace: str = ""
    server: str = ""
    revision: str = ""
    source_type: str = ""
    verify_result: str = ""
    commands: tuple[str, ...] = ()
    source_integrity_result: IntegrityResult | None = None


async def manifests(subject: Looked, query: ManifestQuery) -> ManifestResponse:
    """Everything that is declared, hooks too. Raises Failure (400), TrimtabError."""
    declared = await _declared(subject, query)
    if declared.prepared.errors:
        raise Stalled(declared.prepared.errors[0].message, reason="ComparisonError")
    settings = subject.served.configuration.config_map(ARGOCD_CM)
    prepared = declared.prepared
    states = [
        masked(target.key, target.manifest(), settings=settings)[0] for target in (*prepared.objects, *prepared.hooks)
    ]
    return ManifestResponse(
        manifests=tuple(map(shown, states)),
        revision=declared.revision,
        source_type=declared.source_types[0] if declared.source_types else "",
    )


async def server_side_diff(subject: Looked, query: DiffQuery) -> tuple[ResourceDiff, ...]:
    """What an apply would change, by dry runs. Raises Failure (400), TrimtabError."""
    if not query.target_manifests:
        return tuple(diff_of(subject, one) for one in await managed(subject))
    if len(query.target_manifests) > MOST_MANIFESTS:
        raise bad_request(f"targetManifests: more than {MOST_MANIFESTS}")
    targets = await _prepared(subject, [_read(text, at) for at, text in enumerate(query.target_manifests, 1)])
    return tuple([diff_of(subject, await _tried(subject, target)) for target in targets])


async def _declared(subject: Looked, query: ManifestQuery) -> Declared:
    pinned = _pinned(subject, query)
    if not any(pinned) and not query.no_cache:
        return await looks_of(subject.served).declared(subject)
    await subject.served.world.projects.check(subject.app)
    return await declare(subject.app, subject.served.world, subject.cluster, pinned=pinned)


def _pinned(subject: Looked, query: ManifestQuery) -> tuple[str, ...]:
    """A revision for each source, "" for the source's own. Raises Failure (400)."""
    sources = subject.app.spec.all_sources()
    if len(query.revisions) != len(query.source_positions):
        raise bad_request("source positions and revisions have to be as many as each other")
    if any(len(revision) > LONGEST_REVISION for revision in (query.revision, *query.revisions)):
        raise bad_request(f"a revision is longer than {LONGEST_REVISION} characters")
    pinned = [""] * max(len(sources), 1)
    pinned[0] = query.revision
    for position, revision in zip(query.source_positions, query.revisions, strict=True):
        if not 1 <= position <= len(sources):
            raise bad_request(f"source position {position}: {subject.name} has {len(sources)} sources, counted from 1")
        pinned[position - 1] = revision
    return tuple(pinned)


def _read(text: str, at: int) -> Manifest:
    try:
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise bad_request(f"targetManifests: number {at} is no object in JSON") from error


async def _prepared(subject: Looked, given: list[Manifest]) -> list[TargetObject]:
    """As they would be applied. Raises Failure (400) for what cannot be, and for what the project does not permit."""
    targets = [Target(manifest, f"targetManifests {at}") for at, manifest in enumerate(given, 1)]
    kinds = {kind_of(target.manifest) for target in targets}
    served = await subject.cluster.scopes(kinds)
    scopes = {(kind.group, kind.kind): scope for kind, scope in served.items()} | scopes_declared(targets)
    identity = (await looks_of(subject.served).declared(subject)).identity
    prepared = prepare(targets, identity=identity, scopes=scopes, unserved=kinds - served.keys())
    if prepared.errors:
        raise bad_request(prepared.errors[0].message)
    limits = await subject.served.world.projects.check(subject.app)
    for target in prepared.objects:
        if is_secret(target.key):
            raise bad_request(f"{target.key}: a comparison would tell whether a guess at its values is right")
        if refusal := limits.object_refusal(target.key):
            raise bad_request(refusal)
    return list(prepared.objects)


async def _tried(subject: Looked, target: TargetObject) -> Sides:
    """Only over objects of the application: what others own is not shown, nor that it is there."""
    live = await live_of(subject, target)
    if live is not None and not _is_own(subject, target, live):
        raise absent(subject, target.key)
    try:
        after = await predicted(subject, target)
    except Forbidden:
        # A server that runs alone may make nothing new, not even for show.
        after = target.manifest()
    return Sides(target.key, target.manifest(), live, after, modified=differs(live, after))


def _is_own(subject: Looked, target: TargetObject, live: Manifest) -> bool:
    if (target.key.group, target.key.kind) == CRD:
        return any(key_of(live) == entry for entry in subject.cluster.live.tracked(subject.instance))
    return owner_of(target.key, annotations_of(live)) == subject.instance
