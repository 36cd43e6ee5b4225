"""What is in a repository: folders that an application could be made of, and how one of them would be rendered."""

import asyncio
import posixpath
from typing import Any

import msgspec
from msgspec import Struct, field

from trimtab.model.application import ApplicationSource
from trimtab.render.detect import KUSTOMIZATION_FILES, source_type
from trimtab.server.api.repositories import RESOURCE, reachable
from trimtab.server.call import Call
from trimtab.server.failures import bad_request
from trimtab.server.operation import Body, Needs, Operation, Query
from trimtab.server.reply import Json
from trimtab.source.checkout import Checkout

DEADLINE = 60.0
"""Seconds; a first fetch of a large repository goes on after it, for the next who asks."""
CHART = "Chart.yaml"
VALUES = "values.yaml"
MOST_FOLDERS = 10_000


class AppsQuery(Query, frozen=True):
    revision: str = ""
    app_name: str = ""
    app_project: str = ""


class AppInfo(Struct, frozen=True):
    """A folder, and what kind of application it would make."""

    type: str
    path: str


class AppsResponse(Struct, frozen=True):
    items: tuple[AppInfo, ...] | None


class DetailsQuery(Body, frozen=True, kw_only=True):
    """`source` is the application's, with path and revision."""

    source: ApplicationSource | None = None
    app_name: str = ""
    app_project: str = ""
    source_index: int = 0
    version_id: int = 0
    ref_sources: dict[str, Any] | None = None


class HelmSpec(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a form about a chart offers."""

    name: str = ""
    value_files: tuple[str, ...] = ()
    values: str = ""


class KustomizeSpec(Struct, frozen=True, omit_defaults=True):
    images: tuple[str, ...] = ()


class DirectorySpec(Struct, frozen=True):
    pass


class AppDetails(Struct, frozen=True, omit_defaults=True):
    """How a folder would be rendered; of the three only the one that `type` names."""

    type: str = field(default="")
    helm: HelmSpec | None = None
    kustomize: KustomizeSpec | None = None
    directory: DirectorySpec | None = None


async def list_apps(call: Call[AppsQuery, None]) -> Json:
    """Folders with a chart or a kustomization."""
    query = call.query
    checkout = await _checkout(call, call.params["repo"], query.revision, project=query.app_project)
    found = await asyncio.to_thread(_apps, checkout)
    return Json(value=AppsResponse(tuple(found) or None))


async def get_app_details(call: Call[AppsQuery, DetailsQuery]) -> Json:
    """How one folder would be rendered."""
    source = call.body.source
    url = call.params["source.repoURL"]
    if source is None:
        call.judge(RESOURCE, "get")
        raise bad_request("source is missing: which folder, at which revision")
    revision, project = source.target_revision, call.body.app_project
    checkout = await _checkout(call, url, revision, path=source.path, project=project)
    kind = source_type(checkout, msgspec.structs.replace(source, repo_url=url))
    return Json(value=await asyncio.to_thread(_details, checkout, kind, source.path))


async def _checkout(call: Call[Any, Any], url: str, revision: str, *, path: str = "", project: str = "") -> Checkout:
    access = reachable(call, url, project=project)
    async with asyncio.timeout(DEADLINE):
        return await call.served.world.sources.checkout(access, revision, path)


def _apps(checkout: Checkout) -> list[AppInfo]:
    found: dict[str, AppInfo] = {}
    for entry in checkout.walk():
        folder, name = posixpath.split(entry.path)
        if name == CHART:
            found[folder] = AppInfo("Helm", folder or ".")
        elif name in KUSTOMIZATION_FILES and folder not in found:
            found[folder] = AppInfo("Kustomize", folder or ".")
        if len(found) >= MOST_FOLDERS:
            break
    return [found[folder] for folder in sorted(found)]


def _details(checkout: Checkout, kind: str, path: str) -> AppDetails:
    if kind == "Helm":
        names = [posixpath.basename(entry.path) for entry in checkout.entries(path) if entry.kind == "file"]
        files = tuple(name for name in names if "values" in name and name.endswith((".yaml", ".yml")))
        values = checkout.read(posixpath.join(path, VALUES)).decode(errors="replace") if VALUES in names else ""
        return AppDetails(type=kind, helm=HelmSpec(value_files=files, values=values))
    if kind == "Kustomize":
        return AppDetails(type=kind, kustomize=KustomizeSpec())
    return AppDetails(type=kind, directory=DirectorySpec())


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/repositories/{repo}/apps",
        id="RepositoryService_ListApps",
        handler=list_apps,
        needs=Needs(RESOURCE, "get"),
        query=AppsQuery,
        body=type(None),
        reply=AppsResponse,
        summary="Folders that an application could be made of",
    ),
    Operation(
        method="POST",
        path="/api/v1/repositories/{source.repoURL}/appdetails",
        id="RepositoryService_GetAppDetails",
        handler=get_app_details,
        needs=Needs(RESOURCE, "get"),
        query=AppsQuery,
        body=DetailsQuery,
        reply=AppDetails,
        summary="How a folder would be rendered",
    ),
)
