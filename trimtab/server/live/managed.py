"""What an application declares beside what runs, object by object, as differences are shown."""

import asyncio

import orjson
from msgspec import Struct
from msgspec.structs import replace

from trimtab.apply.send import send
from trimtab.compare.comparison import Item
from trimtab.compare.prepare import TargetObject
from trimtab.errors import Stalled
from trimtab.kube import read
from trimtab.kube.errors import NotFound
from trimtab.model.hooks import is_hook
from trimtab.model.keys import Manifest, ObjectKey
from trimtab.model.names import ARGOCD_CM
from trimtab.model.part import Part
from trimtab.server.live.looks import looks_of
from trimtab.server.live.masks import masked, shown
from trimtab.server.live.subject import Looked

PARALLEL = 16
MOST_PREDICTIONS = 200
SERVER_WRITTEN = ("creationTimestamp", "managedFields")


class ResourceDiff(Part, frozen=True):
    """States as JSON, `null` for none. `normalized_live_state` and `predicted_live_state` can be laid side by side:
    the second is what an apply would make of the first. `diff` is always empty (clients make their own).
    """

    group: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    target_state: str = ""
    live_state: str = ""
    diff: str = ""
    hook: bool = False
    normalized_live_state: str = ""
    predicted_live_state: str = ""
    resource_version: str = ""
    modified: bool = False


class Sides(Struct, frozen=True):
    """One object: its states, and whether they differ. `predicted` is None where it is like `live`."""

    key: ObjectKey
    target: Manifest | None
    live: Manifest | None
    predicted: Manifest | None = None
    modified: bool = False
    hook: bool = False


async def managed(subject: Looked) -> list[Sides]:
    """Targets and live objects of the application. Raises TrimtabError where Git or the cluster does not answer."""
    declared, comparison = await looks_of(subject.served).compared(subject)
    limit = asyncio.Semaphore(PARALLEL)

    async def one(item: Item) -> Sides:
        async with limit:
            return await _sides(subject, item)

    sides = list(await asyncio.gather(*(one(item) for item in comparison.items)))
    met = {item.key for item in comparison.items}
    tracked = subject.cluster.live.tracked(subject.instance)
    for hook in declared.prepared.hooks:
        entry = tracked.get(hook.key)
        met.add(hook.key)
        sides.append(Sides(hook.key, hook.manifest(), entry.manifest() if entry else None, hook=True))
    late = [(key, entry.manifest()) for key, entry in tracked.items() if key not in met]
    return sides + [Sides(key, None, live, hook=True) for key, live in late if is_hook(live)]


def diff_of(subject: Looked, sides: Sides) -> ResourceDiff:
    """The states as they are shown, Secrets' values masked."""
    live = _comparable(sides.live)
    predicted = _comparable(sides.predicted) if sides.predicted is not None else live
    states = masked(sides.key, sides.target, sides.live, live, _settled(predicted, live), settings=_settings(subject))
    target_state, live_state, normalized_state, predicted_state = map(shown, states)
    return ResourceDiff(
        group=sides.key.group,
        kind=sides.key.kind,
        namespace=sides.key.namespace,
        name=sides.key.name,
        target_state=target_state,
        live_state=live_state,
        normalized_live_state=normalized_state,
        predicted_live_state=predicted_state,
        hook=sides.hook,
        resource_version=(sides.live or {}).get("metadata", {}).get("resourceVersion", ""),
        modified=sides.modified,
    )


async def predicted(subject: Looked, target: TargetObject) -> Manifest:
    """What the object would be after an apply, by a dry run. Raises TrimtabError where it is refused."""
    resource = await subject.cluster.discovery.find(target.kind.group, target.kind.kind, version=target.kind.version)
    made: Manifest = orjson.loads(await send(target, resource, subject.cluster, dry_run=True))
    return made


async def live_of(subject: Looked, target: TargetObject) -> Manifest | None:
    """The live object of that name, whosever it is."""
    cluster = subject.cluster
    resource = await cluster.discovery.find(target.kind.group, target.kind.kind, version=target.kind.version)
    try:
        return await read.get(cluster.transport, resource, target.key.name, namespace=target.key.namespace)
    except NotFound:
        return None


def differs(live: Manifest | None, after: Manifest) -> bool:
    """Would an apply change anything that is not the API server's own bookkeeping?"""
    before = _comparable(live)
    return before is None or before != _settled(_comparable(after), before)


async def _sides(subject: Looked, item: Item) -> Sides:
    target = item.target.manifest() if item.target else None
    live = item.live.manifest() if item.live else None
    sides = Sides(item.key, target, live, modified=item.status == "OutOfSync")
    if item.target is None or not sides.modified:
        return sides
    if live is None:
        return replace(sides, predicted=target)
    try:
        return replace(sides, predicted=await _predicted(subject, item.target, live))
    except Stalled:
        # It would be refused: what is wanted is shown as it was written.
        return replace(sides, predicted=target)


async def _predicted(subject: Looked, target: TargetObject, live: Manifest) -> Manifest:
    """As `predicted`, asked once for each state."""
    known = looks_of(subject.served).predictions
    state = (target.digest, live["metadata"]["uid"], live["metadata"]["resourceVersion"])
    if state not in known:
        known[state] = await predicted(subject, target)
    if len(known) > MOST_PREDICTIONS:
        known.popitem(last=False)
    return known[state]


def _comparable(manifest: Manifest | None) -> Manifest | None:
    """Without what the API server alone writes."""
    if manifest is None:
        return None
    metadata = {name: value for name, value in manifest["metadata"].items() if name not in SERVER_WRITTEN}
    return {**{name: value for name, value in manifest.items() if name != "status"}, "metadata": metadata}


def _settled(predicted: Manifest | None, live: Manifest | None) -> Manifest | None:
    """A dry run counts on: the numbers of the live object stay."""
    if predicted is None or live is None:
        return predicted
    numbers = {name: live["metadata"][name] for name in ("resourceVersion", "generation") if name in live["metadata"]}
    return {**predicted, "metadata": {**predicted["metadata"], **numbers}}


def _settings(subject: Looked) -> dict[str, str]:
    return dict(subject.served.configuration.config_map(ARGOCD_CM))
