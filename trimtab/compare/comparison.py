"""Targets paired with live objects: what is in sync, what differs, what is to be pruned.

A verdict on one object holds for one target content and one live version; it is found once and kept. Nothing is asked
of the cluster here: where the structural comparison suspects a difference, the verdict says so and a dry run settles
it.
"""

import hashlib
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from trimtab.compare.images import images_of
from trimtab.compare.owners import ownership
from trimtab.compare.prepare import Prepared, TargetObject
from trimtab.compare.redact import is_secret, redact_differences, redact_text
from trimtab.compare.structural import Difference, differences
from trimtab.health.assess import assess
from trimtab.live.entry import Entry
from trimtab.model.application import Health, SyncStatusCode
from trimtab.model.hooks import is_hook, wave_of
from trimtab.model.keys import Kind, Manifest, ObjectKey, annotations_of, kind_of
from trimtab.model.names import COMPARE_OPTIONS, IGNORE_HEALTHCHECK

NO_KIND = Kind(group="", version="", kind="")


class Verdict(Struct, frozen=True):
    """What was found about one object at `target_digest` and `live_version` ("" for a missing side).

    `suspected`: the differences are not confirmed yet. `takeover`: a client-side apply owns the fields, so ownership
    has to move first. `note`: why the dry run could not settle it, in the API server's words. `suspicion` stands for
    what the structural comparison found, so that the answer holds for later versions with the same ("": it does not).
    Nothing in a verdict shows a Secret's values.
    """

    target_digest: str
    live_version: str
    differences: tuple[Difference, ...] = ()
    suspected: bool = False
    takeover: bool = False
    ignored: bool = False
    health: Health | None = None
    images: tuple[str, ...] = ()
    wave: int = 0
    unhealthy_counts: bool = True
    kind: Kind | None = None
    note: str = ""
    suspicion: str = ""


class Item(Struct, frozen=True):
    """One object of the application. At least one of `target` and `live` is there."""

    key: ObjectKey
    kind: Kind
    target: TargetObject | None
    live: Entry | None
    verdict: Verdict
    shared_with: str = ""

    @property
    def status(self) -> SyncStatusCode:
        if self.target and self.live and not self.verdict.differences:
            return "Synced"
        return "OutOfSync"

    @property
    def requires_pruning(self) -> bool:
        return self.target is None

    @property
    def missing(self) -> bool:
        return self.live is None


class Comparison(Struct, frozen=True):
    """All objects of one application, targets in their order first, then those that Git no longer names."""

    items: tuple[Item, ...] = ()

    @property
    def status(self) -> SyncStatusCode:
        return "OutOfSync" if any(item.status == "OutOfSync" for item in self.items) else "Synced"

    def suspects(self) -> tuple[Item, ...]:
        """The items whose differences a dry run has to confirm."""
        return tuple(item for item in self.items if item.verdict.suspected)

    def settled(self, verdicts: Mapping[ObjectKey, Verdict]) -> "Comparison":
        """The same with the given verdicts in place, Secrets' values masked."""
        if not verdicts:
            return self
        return Comparison(tuple(_with(item, verdicts.get(item.key)) for item in self.items))

    def verdicts(self) -> dict[ObjectKey, Verdict]:
        """What to remember for the next comparison."""
        return {item.key: item.verdict for item in self.items}


def compare(
    prepared: Prepared,
    *,
    instance: str,
    live: Mapping[ObjectKey, Entry],
    known: Mapping[ObjectKey, Verdict],
) -> Comparison:
    """Pair targets with `live` (what the targets name and what is tracked to `instance`); `known`: earlier verdicts."""
    items = [_paired(target, live.get(target.key), instance, known) for target in prepared.objects]
    named = prepared.spared.union(target.key for target in prepared.objects)
    extra = [key for key, entry in live.items() if entry.instance == instance and key not in named]
    items.extend(_extras((live[key] for key in sorted(extra)), known))
    return Comparison(tuple(items))


def _paired(target: TargetObject, entry: Entry | None, instance: str, known: Mapping[ObjectKey, Verdict]) -> Item:
    verdict = known.get(target.key)
    version = entry.version if entry else ""
    if verdict is None or verdict.target_digest != target.digest:
        verdict = _judge(target, entry, before=None)
    elif verdict.live_version != version:
        verdict = _judge(target, entry, before=verdict)
    shared = entry.instance if entry and entry.instance not in ("", instance) else ""
    return Item(target.key, target.kind, target, entry, verdict, shared)


def _judge(target: TargetObject, entry: Entry | None, *, before: Verdict | None) -> Verdict:
    """`before`: the verdict on the same target and another live version."""
    wanted = target.manifest()
    if entry is None:
        return Verdict(
            target_digest=target.digest,
            live_version="",
            images=images_of(wanted),
            wave=wave_of(wanted),
            unhealthy_counts=not _health_ignored(wanted),
            kind=target.kind,
        )
    live = entry.manifest()
    who = ownership(live)
    found = differences(wanted, live, who)
    verdict = Verdict(
        target_digest=target.digest,
        live_version=entry.version,
        differences=redact_differences(target.key, found),
        suspected=bool(found),
        takeover=who.takeover,
        health=assess(live),
        images=images_of(live),
        wave=wave_of(wanted),
        unhealthy_counts=not _health_ignored(wanted),
        kind=target.kind,
        suspicion=_digest(found),
    )
    return _settled_before(verdict, before)


def _settled_before(verdict: Verdict, before: Verdict | None) -> Verdict:
    """The same suspicion as the one that a dry run has settled already needs no other dry run."""
    if before is None or before.suspected or before.note or not verdict.suspected:
        return verdict
    if not before.suspicion or (before.suspicion, before.takeover) != (verdict.suspicion, verdict.takeover):
        return verdict
    return replace(verdict, differences=before.differences, suspected=False)


def _digest(found: tuple[Difference, ...]) -> str:
    """Says whether two findings are the same, whoever wrote the fields and when; "" where they do not tell all."""
    if not found or any(difference.path == "apiVersion" for difference in found):
        return ""
    text = repr([(difference.path, difference.target, difference.live) for difference in found])
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _extras(entries: Iterable[Entry], known: Mapping[ObjectKey, Verdict]) -> Iterable[Item]:
    """What Git no longer names; hooks of earlier syncs and objects that ask to be overlooked are none."""
    for entry in entries:
        verdict = known.get(entry.key)
        if verdict is None or verdict.target_digest or verdict.live_version != entry.version:
            verdict = _judge_extra(entry)
        if not verdict.ignored:
            yield Item(key=entry.key, kind=verdict.kind or NO_KIND, target=None, live=entry, verdict=verdict)


def _judge_extra(entry: Entry) -> Verdict:
    live = entry.manifest()
    return Verdict(
        target_digest="",
        live_version=entry.version,
        ignored=is_hook(live) or _ignores_extraneous(live),
        health=assess(live),
        images=images_of(live),
        wave=wave_of(live),
        unhealthy_counts=not _health_ignored(live),
        kind=kind_of(live),
    )


def _health_ignored(manifest: Manifest) -> bool:
    return annotations_of(manifest).get(IGNORE_HEALTHCHECK) == "true"


def _ignores_extraneous(manifest: Manifest) -> bool:
    options = annotations_of(manifest).get(COMPARE_OPTIONS, "")
    return "IgnoreExtraneous" in (option.strip() for option in options.split(","))


def _with(item: Item, verdict: Verdict | None) -> Item:
    if verdict is None:
        return item
    if is_secret(item.key):
        verdict = replace(
            verdict,
            differences=redact_differences(item.key, verdict.differences),
            note=redact_text(verdict.note, *_sides(item)),
        )
    return replace(item, verdict=verdict)


def _sides(item: Item) -> tuple[Manifest, ...]:
    return tuple(side.manifest() for side in (item.target, item.live) if side is not None)
