"""/api/v1/repocreds: credentials for every repository whose URL begins so. Secrets go in and never come out."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trimtab.model import repository_secret
from trimtab.model.keys import Manifest
from trimtab.model.repository_secret import RepositoryCredentials, merged, shown
from trimtab.server import repository_secrets
from trimtab.server.api.lists import ListMeta
from trimtab.server.call import Call
from trimtab.server.failures import bad_request, denied, not_found
from trimtab.server.operation import Method, Needs, NoQuery, Operation, Query
from trimtab.server.reply import Json

RESOURCE = "repositories"
KIND: repository_secret.SecretType = "repo-creds"


class ListQuery(Query, frozen=True):
    url: str = ""


class CreateQuery(Query, frozen=True):
    upsert: bool = False


class CredentialsList(Struct, frozen=True):
    items: tuple[RepositoryCredentials, ...] | None
    metadata: ListMeta = ListMeta()


async def list_credentials(call: Call[ListQuery, None]) -> Json:
    """Those that the caller may see, without their secrets."""
    may = call.judge(RESOURCE, "get")
    found = [
        shown(value)
        for _, value in repository_secrets.known(call.served, KIND, RepositoryCredentials)
        if may(value.url) and call.query.url in ("", value.url)
    ]
    return Json(value=CredentialsList(items=tuple(sorted(found, key=lambda value: value.url)) or None))


async def create_credentials(call: Call[CreateQuery, RepositoryCredentials]) -> Json:
    """Keep credentials for a prefix of URLs."""
    wanted = call.body
    call.require(RESOURCE, "create", wanted.url)
    if not wanted.url.strip() or not wanted.url.isprintable():
        raise bad_request("url is missing: what the URLs of the repositories begin with")
    found = repository_secrets.find(call.served, KIND, RepositoryCredentials, url=wanted.url)
    if found is None:
        await repository_secrets.create(call.served, KIND, wanted)
        return Json(value=shown(wanted))
    secret, before = found
    after = merged(before, replace(wanted, url=before.url))
    if after != before:
        if not call.query.upsert:
            raise bad_request("existing repository credentials spec is different; use upsert flag to force update")
        call.require(RESOURCE, "update", before.url)
        await repository_secrets.change(call.served, secret, after)
    return Json(value=shown(after))


async def update_credentials(call: Call[NoQuery, RepositoryCredentials]) -> Json:
    """Change credentials; secrets that are not given stay."""
    secret, before = _found(call, call.params["creds.url"], "update")
    wanted = merged(before, replace(call.body, url=before.url))
    await repository_secrets.change(call.served, secret, wanted)
    return Json(value=shown(wanted))


async def delete_credentials(call: Call[NoQuery, None]) -> Json:
    """Forget credentials."""
    secret, _ = _found(call, call.params["url"], "delete")
    await repository_secrets.remove(call.served, secret)
    return Json(value={})


def _found(call: Call[Any, Any], url: str, action: str) -> tuple[Manifest, RepositoryCredentials]:
    if not call.may(RESOURCE, "get", url):
        raise denied()
    call.require(RESOURCE, action, url)
    found = repository_secrets.find(call.served, KIND, RepositoryCredentials, url=url)
    if found is None:
        raise not_found(f"repository credentials {url!r} not found")
    return found


def _line(method: Method, path: str, operation: str, handler: Any, *, action: str, summary: str) -> Operation[Any, Any]:
    queries: dict[str, Any] = {"List": ListQuery, "Create": CreateQuery}
    replies: dict[str, Any] = {"List": CredentialsList, "Delete": dict[str, Any]}
    return Operation(
        method=method,
        path=f"/api/v1/repocreds{path}",
        id=f"RepoCredsService_{operation}RepositoryCredentials",
        handler=handler,
        needs=Needs(RESOURCE, action),
        query=queries.get(operation, NoQuery),
        body=RepositoryCredentials if method in ("POST", "PUT") else type(None),
        reply=replies.get(operation, RepositoryCredentials),
        summary=summary,
    )


OPERATIONS = (
    _line("GET", "", "List", list_credentials, action="get", summary="Credentials by prefix of the URL"),
    _line("POST", "", "Create", create_credentials, action="create", summary="Keep credentials for a prefix"),
    _line("PUT", "/{creds.url}", "Update", update_credentials, action="update", summary="Change credentials"),
    _line("DELETE", "/{url}", "Delete", delete_credentials, action="delete", summary="Forget credentials"),
)
