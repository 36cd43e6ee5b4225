"""The way from a source to its targets: overrides, source type, files, cache, worker."""

import asyncio
from collections.abc import Callable
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


class _Asked(Struct, frozen=True):
    source_type: SourceType
    prepared: Prepared


async def render(tree: Tree, request: RenderRequest, *, workshop: Workshop) -> Rendering:
    """The objects that a source declares.

    Raises Stalled for what a person has to change (it names file, document and object), Retry when a worker died.
    """
    asked = await asyncio.to_thread(_prepare, tree, request)
    digest = asked.prepared.digest(f"trimtab {__version__}")
    job = await asyncio.to_thread(asked.prepared.job, tree)
    rendered = await workshop.run(job)
    targets = await asyncio.to_thread(_targets, rendered)
    return Rendering(targets=targets, source_type=asked.source_type, digest=digest, ignored=rendered.ignored)


def _prepare(tree: Tree, request: RenderRequest) -> _Asked:
    path = clean_path(request.source.path)
    if path is None:
        raise Stalled(f"{request.source.path}: the path leads out of the repository", reason="PathNotFound")
    source = msgspec.structs.replace(request.source, path=path)
    source = overridden(tree, source, instance=request.instance or request.app_name)
    kind = source_type(tree, source)
    return _Asked(kind, RENDERERS[kind](tree, msgspec.structs.replace(request, source=source)))


def _targets(rendered: Rendered) -> tuple[Target, ...]:
    return tuple(Target(orjson.loads(output.manifest), output.origin) for output in rendered.outputs)
