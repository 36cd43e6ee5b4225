"""Telling people that a source cannot be fetched, and that it can be again."""

from msgspec.structs import replace

from trimtab.clock import rfc3339
from trimtab.controller.world import Memory, World
from trimtab.errors import TrimtabError
from trimtab.kube.errors import ApiError
from trimtab.model.application import Application
from trimtab.status.unreachable import CAUSES, Unreachable, alert, is_due


def source_failed(app: Application, memory: Memory, world: World, *, error: TrimtabError) -> None:
    """A look has failed. If it is because of the source, an Event says so by the second poll."""
    if isinstance(error, ApiError) or error.reason == "InvalidSpecError":
        # Nobody came as far as the source.
        return
    if error.reason not in CAUSES:
        source_fetched(app, memory, world)
        return
    now = world.clock.monotonic()
    urls = tuple(source.repo_url for source in app.spec.all_sources())
    known = memory.unreachable
    if known is None or known.urls != urls:
        known = Unreachable(urls=urls, since=rfc3339(world.clock.now()), first=now)
    else:
        known = replace(known, polls=known.polls + 1)
    if is_due(known, now=now, interval=world.settings.poll):
        text = alert(app, known, reason=error.reason, message=error.message)
        world.recorder.emit(app, "SourceUnreachable", text, kind="Warning")
        known = replace(known, told=True)
    memory.unreachable = known


def source_fetched(app: Application, memory: Memory, world: World) -> None:
    """A look has succeeded, perhaps by the credentials of a repository's other URL."""
    if memory.unreachable is not None and memory.unreachable.told:
        world.recorder.emit(app, "SourceReachable", f"The source is fetched again, after {memory.unreachable.since}")
    memory.unreachable = None
    found = [world.sources.fetches.fell_back.get(source.repo_url, "") for source in app.spec.all_sources()]
    fell_back = "; ".join(filter(None, found))
    if fell_back and not memory.fell_back:
        text = f"{fell_back}; it is fetched by its other URL until that is mended"
        world.recorder.emit(app, "SourceFellBack", text, kind="Warning")
    memory.fell_back = fell_back
