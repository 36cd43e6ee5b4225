"""From files to manifests, in worker processes with limits.

`render` is the way in. A kind of source is a module with `prepare` (chooses the files; in this process) and `run`
(makes the objects; in a worker), and a line in `RENDERERS` and in `worker.RUNNERS`.
"""

from trimtab.render.rendering import RENDERERS, render
from trimtab.render.request import Rendering, RenderRequest, SourceType, Target
from trimtab.render.tree import DirectoryTree, Tree
from trimtab.render.workshop import Limits, Workshop

__all__ = [
    "RENDERERS",
    "DirectoryTree",
    "Limits",
    "RenderRequest",
    "Rendering",
    "SourceType",
    "Target",
    "Tree",
    "Workshop",
    "render",
]
