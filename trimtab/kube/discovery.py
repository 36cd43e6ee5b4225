"""What kinds an API server serves, and in which versions: asked once, cached, asked again when that may have changed.

Facts: kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

import asyncio
from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec import Struct

from trimtab.errors import Retry, Stalled
from trimtab.kube.errors import ApiError, Forbidden, NotFound, Unsupported
from trimtab.kube.resource import Resource
from trimtab.kube.transport import JSON, Transport
from trimtab.model.keys import Kind

__all__ = ["Discovery", "GroupUnavailable", "Resource", "UnknownKind"]

MISS_SECONDS = 3.0
"""The server is asked again about a kind it did not serve at most this often."""

_AGGREGATED = ",".join(
    [f"{JSON};g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")] + [JSON]
)


class UnknownKind(Stalled):
    """The server serves no such kind: a CRD is missing, or the manifest has a typo."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="UnknownKind")


class GroupUnavailable(Retry):
    """The kind is of a group whose (aggregated) API server does not answer: we cannot know."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="GroupUnavailable", after=10.0)


class _Aggregated(Struct, rename="camel"):
    """An APIGroupDiscoveryList; `kind` tells it from the legacy answer."""

    kind: str = ""
    items: tuple["_Group", ...] = ()


class _Group(Struct):
    metadata: "_Name"
    versions: tuple["_Version", ...] = ()


class _Name(Struct):
    name: str = ""


class _Version(Struct):
    version: str
    resources: tuple["_AggregatedResource", ...] = ()
    freshness: str = "Current"


class _ResponseKind(Struct):
    kind: str = ""


class _AggregatedResource(Struct, rename="camel"):
    resource: str
    response_kind: _ResponseKind | None = None
    scope: str = ""
    verbs: tuple[str, ...] = ()


class _CoreVersions(Struct):
    versions: tuple[str, ...] = ()


class _GroupVersion(Struct, rename="camel"):
    version: str


class _LegacyGroup(Struct, rename="camel"):
    name: str
    versions: tuple[_GroupVersion, ...] = ()
    preferred_version: _GroupVersion | None = None


class _LegacyGroups(Struct):
    groups: tuple[_LegacyGroup, ...] = ()


class _LegacyResource(Struct):
    name: str
    kind: str
    namespaced: bool = False
    verbs: tuple[str, ...] = ()


class _LegacyResources(Struct):
    resources: tuple[_LegacyResource, ...] = ()


class _ServerVersion(Struct, rename="camel"):
    git_version: str = ""


T = TypeVar("T")
GroupVersion = tuple[str, str]


class _Known(Struct, frozen=True):
    """All that is served, by group and version, the preferred version of a group first; `broken` gave no answer."""

    served: dict[GroupVersion, tuple[Resource, ...]]
    broken: frozenset[GroupVersion]
    at: float
    index: dict[tuple[str, str, str], Resource]
    """By group, kind and version, and by group, kind and "" for the preferred version."""


def _indexed(served: dict[GroupVersion, tuple[Resource, ...]]) -> dict[tuple[str, str, str], Resource]:
    index: dict[tuple[str, str, str], Resource] = {}
    for (group, version), resources in served.items():
        for resource in resources:
            index.setdefault((group, resource.kind.kind, version), resource)
            index.setdefault((group, resource.kind.kind, ""), resource)
    return index


class Discovery:
    """The kinds of one cluster. Answers from its cache; `invalidate()` when a CRD or APIService has changed."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._known: _Known | None = None
        self._valid = False
        self._version = ""
        self._lock = asyncio.Lock()

    def invalidate(self) -> None:
        """Ask the server again at the next look-up."""
        self._valid = False

    async def find(self, group: str, kind: str, *, version: str = "") -> Resource:
        """How a kind is served, in the preferred version or the one given.

        Raises `UnknownKind`, `GroupUnavailable`, or an `ApiError` when the server cannot be asked.
        """
        known = await self._current()
        found = known.index.get((group, kind, version))
        if found is None and self._transport.clock.monotonic() - known.at >= MISS_SECONDS:
            known = await self._fetched(unless_newer_than=known)
            found = known.index.get((group, kind, version))
        if found is None:
            raise self._missing(known, group=group, kind=kind, version=version)
        return found

    async def resources(self) -> tuple[Resource, ...]:
        """Every kind in its preferred version."""
        known = await self._current()
        return tuple(resource for (_, _, version), resource in known.index.items() if not version)

    async def api_versions(self) -> tuple[str, ...]:
        """Everything served as Helm's Capabilities.APIVersions names it: `apps/v1` and `apps/v1/Deployment`, sorted."""
        known = await self._current()
        versions = {f"{group}/{version}" if group else version for group, version in known.served}
        return tuple(sorted(versions | {str(resource.kind) for resource in _all(known)}))

    async def version(self) -> str:
        """The server's version: `v1.36.3`."""
        if not self._version:
            answer = await self._transport.request("GET", "/version", verb="get", subject="server version")
            self._version = _decode(answer, _ServerVersion, "server version").git_version
        return self._version

    async def _current(self) -> _Known:
        if self._known is not None and self._valid:
            return self._known
        return await self._fetched(unless_newer_than=self._known)

    async def _fetched(self, *, unless_newer_than: _Known | None) -> _Known:
        """Ask the server, unless somebody else just did while we waited."""
        async with self._lock:
            if self._known is not None and self._known is not unless_newer_than and self._valid:
                return self._known
            # Before asking: a change during the request makes the answer invalid again.
            self._valid = True
            try:
                self._known = await self._fetch()
            except BaseException:
                self._valid = False
                raise
            return self._known

    async def _fetch(self) -> _Known:
        groups: list[_Group] = []
        for path in ("/api", "/apis"):
            answer = await self._transport.request("GET", path, accept=_AGGREGATED, verb="get", subject="API groups")
            part = _decode(answer, _Aggregated, "API groups")
            groups += part.items if part.kind == "APIGroupDiscoveryList" else await self._legacy(path, answer)
        # Served, but its resources were not told lately: what was known before still holds.
        broken = {(g.metadata.name, v.version) for g in groups for v in g.versions if v.freshness == "Stale"}
        before = self._known.served if self._known else {}
        served: dict[GroupVersion, tuple[Resource, ...]] = {}
        for group in groups:
            for version in group.versions:
                at = (group.metadata.name, version.version)
                told = tuple(_resources(*at, version.resources))
                served[at] = told if told or at not in broken else before.get(at, ())
        now = self._transport.clock.monotonic()
        return _Known(served=served, broken=frozenset(broken), at=now, index=_indexed(served))

    async def _legacy(self, path: str, answer: bytes) -> list[_Group]:
        """The same from a server without aggregated discovery: one request for each group and version."""
        if path == "/api":
            core = _decode(answer, _CoreVersions, "API versions")
            return [_Group(_Name(""), tuple([await self._legacy_version("", v) for v in core.versions]))]
        groups = _decode(answer, _LegacyGroups, "API groups").groups
        wanted = [(group.name, version) for group in groups for version in _preferred_first(group)]
        told = await asyncio.gather(*(self._legacy_version(*one) for one in wanted))
        by_group: dict[str, list[_Version]] = {}
        for (name, _), version in zip(wanted, told, strict=True):
            by_group.setdefault(name, []).append(version)
        return [_Group(_Name(name), tuple(versions)) for name, versions in by_group.items()]

    async def _legacy_version(self, group: str, version: str) -> _Version:
        at = f"{group}/{version}" if group else version
        path = f"/apis/{at}" if group else f"/api/{at}"
        try:
            answer = await self._transport.request("GET", path, verb="get", subject=f"API resources of {at}")
            listed = _decode(answer, _LegacyResources, at).resources
        except (Retry, NotFound, Forbidden, Unsupported):
            return _Version(version, freshness="Stale")
        return _Version(version, tuple(_as_aggregated(resource) for resource in listed))

    def _missing(self, known: _Known, *, group: str, kind: str, version: str) -> Exception:
        named = str(Kind(group, version, kind)) if version else f"{group}/{kind}" if group else kind
        broken = sorted(v for g, v in known.broken if g == group and version in ("", v))
        if broken:
            return GroupUnavailable(
                f"{named}: the API server behind {group}/{broken[0]} does not answer; "
                f"check APIService {broken[0]}.{group}"
            )
        others = [r.kind.api_version for r in _all(known) if r.kind.kind == kind]
        hint = f"it is served as {', '.join(others)}" if others else "install its CRD or correct apiVersion and kind"
        return UnknownKind(f"{named}: the cluster serves no such kind; {hint}")


def _resources(group: str, version: str, told: Iterable[_AggregatedResource]) -> Iterable[Resource]:
    for one in told:
        # Group and version are empty in the answer where they are those of the list.
        kind = one.response_kind.kind if one.response_kind else ""
        if kind and "/" not in one.resource:
            yield Resource(Kind(group, version, kind), one.resource, one.scope == "Namespaced", frozenset(one.verbs))


def _as_aggregated(resource: _LegacyResource) -> _AggregatedResource:
    scope = "Namespaced" if resource.namespaced else "Cluster"
    return _AggregatedResource(resource.name, _ResponseKind(resource.kind), scope, resource.verbs)


def _preferred_first(group: _LegacyGroup) -> list[str]:
    preferred = group.preferred_version.version if group.preferred_version else ""
    return sorted((each.version for each in group.versions), key=lambda version: version != preferred)


def _all(known: _Known) -> Iterable[Resource]:
    return (resource for resources in known.served.values() for resource in resources)


def _decode(answer: bytes, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.DecodeError as error:
        raise ApiError(f"get {what}: the answer is not what an API server says ({error})") from error
