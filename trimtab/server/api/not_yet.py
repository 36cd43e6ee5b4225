"""Operations of Argo CD whose part of the engine does not exist yet: they answer 501, and say what is missing."""

from typing import Any

from msgspec import Struct

from trimtab.server.call import Call
from trimtab.server.failures import denied, unimplemented
from trimtab.server.operation import Method, Needs, NoQuery, Operation
from trimtab.server.reply import Json


class Missing(Struct, frozen=True):
    """A line of the table below."""

    method: Method
    path: str
    id: str
    needs: Needs
    what: str


def _sets(method: Method, path: str, name: str, action: str) -> Missing:
    return Missing(
        method,
        f"/api/v1/{path}",
        f"ApplicationSetService_{name}",
        Needs("applicationsets", action),
        "generating applications (ApplicationSet)",
    )


def _push(method: Method, path: str, name: str, action: str) -> Missing:
    return Missing(method, f"/api/v1/{path}", name, Needs("write-repositories", action), "pushing to repositories")


MISSING = (
    _sets("GET", "applicationsets", "List", "get"),
    _sets("POST", "applicationsets", "Create", "create"),
    _sets("POST", "applicationsets/generate", "Generate", "create"),
    _sets("GET", "applicationsets/{name}", "Get", "get"),
    _sets("DELETE", "applicationsets/{name}", "Delete", "delete"),
    _sets("GET", "applicationsets/{name}/events", "ListResourceEvents", "get"),
    _sets("GET", "applicationsets/{name}/resource-tree", "ResourceTree", "get"),
    _sets("GET", "stream/applicationsets", "Watch", "get"),
    _push("GET", "write-repositories", "RepositoryService_ListWriteRepositories", "get"),
    _push("POST", "write-repositories", "RepositoryService_CreateWriteRepository", "create"),
    _push("GET", "write-repositories/{repo}", "RepositoryService_GetWrite", "get"),
    _push("PUT", "write-repositories/{repo.repo}", "RepositoryService_UpdateWriteRepository", "update"),
    _push("DELETE", "write-repositories/{repo}", "RepositoryService_DeleteWriteRepository", "delete"),
    _push("POST", "write-repositories/{repo}/validate", "RepositoryService_ValidateWriteAccess", "create"),
    _push("GET", "write-repocreds", "RepoCredsService_ListWriteRepositoryCredentials", "get"),
    _push("POST", "write-repocreds", "RepoCredsService_CreateWriteRepositoryCredentials", "create"),
    _push("PUT", "write-repocreds/{creds.url}", "RepoCredsService_UpdateWriteRepositoryCredentials", "update"),
    _push("DELETE", "write-repocreds/{url}", "RepoCredsService_DeleteWriteRepositoryCredentials", "delete"),
    Missing(
        "POST",
        "/api/v1/applications/manifestsWithFiles",
        "ApplicationService_GetManifestsWithFiles",
        Needs("applications", "get"),
        "rendering files that a caller sends",
    ),
    Missing(
        "GET",
        "/api/v1/repositories/{repo}/helmcharts",
        "RepositoryService_GetHelmCharts",
        Needs("repositories", "get"),
        "reading chart repositories",
    ),
    Missing(
        "GET",
        "/api/v1/repositories/{repo}/oci-tags",
        "RepositoryService_ListOCITags",
        Needs("repositories", "get"),
        "reading OCI registries",
    ),
)


def _operation(missing: Missing) -> Operation[NoQuery, bytes]:
    async def answer(call: Call[NoQuery, bytes]) -> Json:
        if call.judge(missing.needs.resource, missing.needs.action).nothing:
            raise denied()
        raise unimplemented(missing.what)

    return Operation(
        method=missing.method,
        path=missing.path,
        id=missing.id,
        handler=answer,
        needs=missing.needs,
        query=NoQuery,
        body=bytes,
        reply=dict[str, Any],
        summary=f"Not served yet: {missing.what}",
    )


OPERATIONS = tuple(map(_operation, MISSING))
