"""What Git declares: manifests, what an apply of them would change, and commits."""

from typing import Any

from msgspec import Struct

from trimtab.model.part import Part
from trimtab.server.call import Call
from trimtab.server.failures import unimplemented
from trimtab.server.live.look import deadline, look
from trimtab.server.live.managed import ResourceDiff
from trimtab.server.live.rendering import DiffQuery, ManifestQuery, ManifestResponse, manifests, server_side_diff
from trimtab.server.live.revisions import RevisionMetadata, RevisionQuery, metadata_of, source_of
from trimtab.server.operation import Needs, Operation
from trimtab.server.reply import Json


class ServerSideDiff(Struct, frozen=True):
    """`items` is null where there is none; `modified`: does any differ?"""

    items: tuple[ResourceDiff, ...] | None
    modified: bool


class ChartDetails(Part, frozen=True):
    description: str = ""
    maintainers: tuple[str, ...] = ()
    home: str = ""


class OCIMetadata(Part, frozen=True):
    created_at: str = ""
    authors: str = ""
    image_url: str = ""
    docs_url: str = ""
    source_url: str = ""
    version: str = ""
    description: str = ""


async def get_manifests(call: Call[ManifestQuery, None]) -> Json:
    """What Git declares, as it would be applied."""
    subject = await look(call, call.params["name"], call.query)
    async with deadline():
        return Json(value=await manifests(subject, call.query))


async def get_server_side_diff(call: Call[DiffQuery, None]) -> Json:
    """What an apply would change, as the API server itself says."""
    subject = await look(call, call.params["appName"], call.query)
    async with deadline():
        items = await server_side_diff(subject, call.query)
    return Json(value=ServerSideDiff(items or None, any(item.modified for item in items)))


async def get_revision_metadata(call: Call[RevisionQuery, None]) -> Json:
    """Who made a commit, when and why."""
    subject = await look(call, call.params["name"], call.query)
    async with deadline():
        return Json(value=await metadata_of(subject, call.query, call.params["revision"]))


async def get_chart_details(call: Call[RevisionQuery, None]) -> Json:
    """Not served yet."""
    return await _not_yet(call, "reading chart repositories")


async def get_oci_metadata(call: Call[RevisionQuery, None]) -> Json:
    """Not served yet."""
    return await _not_yet(call, "reading OCI registries")


async def _not_yet(call: Call[RevisionQuery, None], what: str) -> Json:
    subject = await look(call, call.params["name"], call.query)
    source_of(subject.app, call.query)
    raise unimplemented(what)


_PATH = "/api/v1/applications"
_READ = Needs("applications", "get")


def _revision(part: str, operation_id: str, handler: Any, reply: Any, summary: str) -> Operation[RevisionQuery, None]:
    return Operation(
        method="GET",
        path=f"{_PATH}/{{name}}/revisions/{{revision}}/{part}",
        id=operation_id,
        handler=handler,
        needs=_READ,
        query=RevisionQuery,
        body=type(None),
        reply=reply,
        summary=summary,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path=_PATH + "/{name}/manifests",
        id="ApplicationService_GetManifests",
        handler=get_manifests,
        needs=_READ,
        query=ManifestQuery,
        body=type(None),
        reply=ManifestResponse,
        summary="What Git declares for an application",
    ),
    Operation(
        method="GET",
        path=_PATH + "/{appName}/server-side-diff",
        id="ApplicationService_ServerSideDiff",
        handler=get_server_side_diff,
        needs=_READ,
        query=DiffQuery,
        body=type(None),
        reply=ServerSideDiff,
        summary="What an apply would change, by dry runs",
    ),
    _revision(
        "metadata",
        "ApplicationService_RevisionMetadata",
        get_revision_metadata,
        RevisionMetadata,
        "Author, date and message of a commit",
    ),
    _revision(
        "chartdetails",
        "ApplicationService_RevisionChartDetails",
        get_chart_details,
        ChartDetails,
        "Not served yet: reading chart repositories",
    ),
    _revision(
        "ocimetadata",
        "ApplicationService_GetOCIMetadata",
        get_oci_metadata,
        OCIMetadata,
        "Not served yet: reading OCI registries",
    ),
)
