"""/api/v1/repositories: which repositories are known, whether they can be reached, and what is in them.

Secrets go in and never come out.
"""

import asyncio
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from trimtab.errors import TrimtabError
from trimtab.kube.errors import AlreadyExists
from trimtab.model import repository_secret
from trimtab.model.credentials import Credentials
from trimtab.model.keys import Manifest
from trimtab.model.repository import RepositoryAccess
from trimtab.model.repository_secret import Repository, has_credentials, merged, shown
from trimtab.server import repository_secrets
from trimtab.server.api.lists import ListMeta
from trimtab.server.call import Call
from trimtab.server.failures import Failure, bad_request, denied, not_found, unimplemented
from trimtab.server.operation import Method, Needs, NoQuery, Operation, Query
from trimtab.server.reachability import ConnectionState
from trimtab.server.reply import Json
from trimtab.server.repository_secrets import credentials
from trimtab.server.served import Served
from trimtab.source.listing import list_refs

RESOURCE = "repositories"
KIND: repository_secret.SecretType = "repository"
SIDE_BY_SIDE = 8
"""Servers asked at once when all repositories are listed."""


class ListQuery(Query, frozen=True):
    repo: str = ""
    force_refresh: bool = False
    app_project: str = ""


class OneQuery(Query, frozen=True):
    force_refresh: bool = False
    app_project: str = ""


class CreateQuery(Query, frozen=True):
    """`creds_only`: keep them without trying whether they work."""

    upsert: bool = False
    creds_only: bool = False


class Shown(Repository, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """A repository as it is shown: its secrets are always empty. `inherited_creds`: they come from a template."""

    connection_state: ConnectionState | None = None
    inherited_creds: bool = False


class RepositoryList(Struct, frozen=True):
    items: tuple[Shown, ...] | None
    metadata: ListMeta = ListMeta()


class Written(Repository, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What is asked for; what clients send back of an earlier reply is not looked at."""

    connection_state: dict[str, Any] | None = None
    inherited_creds: bool = False


class Refs(Struct, frozen=True):
    branches: tuple[str, ...]
    tags: tuple[str, ...]


class CredentialsQuery(Query, frozen=True):
    """How to reach a repository that is tried; the names are Argo CD's."""

    username: str = ""
    password: str = ""
    ssh_private_key: str = ""
    insecure: bool = False
    tls_client_cert_data: str = ""
    tls_client_cert_key: str = ""
    type: str = ""
    name: str = ""
    enable_oci: bool = False
    github_app_private_key: str = ""
    github_app_id: str = field(default="", name="githubAppID")
    github_app_installation_id: str = field(default="", name="githubAppInstallationID")
    github_app_enterprise_base_url: str = ""
    proxy: str = ""
    project: str = ""
    gcp_service_account_key: str = ""
    force_http_basic_auth: bool = False
    use_azure_workload_identity: bool = False
    bearer_token: str = ""
    insecure_oci_force_http: bool = False
    azure_service_principal_client_id: str = ""
    azure_service_principal_client_secret: str = ""
    azure_service_principal_tenant_id: str = ""
    azure_active_directory_endpoint: str = ""


async def list_repositories(call: Call[ListQuery, None]) -> Json:
    """Those that the caller may see, each with whether it could be reached a moment ago."""
    query, may = call.query, call.judge(RESOURCE, "get")
    found = [
        value
        for _, value in repository_secrets.known(call.served, KIND, Repository)
        if may(rbac_name(value))
        and query.repo in ("", value.repo)
        and (not query.app_project or value.project in ("", query.app_project))
    ]
    line, known = asyncio.Semaphore(SIDE_BY_SIDE), credentials(call.served)

    async def one(value: Repository) -> Shown:
        async with line:
            return await _shown(call.served, value, known, anew=query.force_refresh)

    items = await asyncio.gather(*map(one, sorted(found, key=lambda value: (value.repo, value.project))))
    return Json(value=RepositoryList(items=tuple(items) or None))


async def get_repository(call: Call[OneQuery, None]) -> Json:
    """One repository, by its URL however it is spelled."""
    _, value = _found(call, call.params["repo"], "get", project=call.query.app_project or None)
    return Json(value=await _shown(call.served, value, anew=call.query.force_refresh))


async def create_repository(call: Call[CreateQuery, Written]) -> Json:
    """Keep a repository's credentials, once they were seen to work."""
    served, wanted = call.served, _plain(call.body)
    call.require(RESOURCE, "create", rbac_name(wanted))
    _check(wanted)
    existing = repository_secrets.find(served, KIND, Repository, url=wanted.repo, project=wanted.project)
    if existing is not None:
        return await _over(call, *existing, wanted)
    if not call.query.creds_only:
        await _try(served, wanted)
    try:
        await repository_secrets.create(served, KIND, wanted)
    except AlreadyExists:
        raise _different() from None
    return Json(value=await _shown(served, wanted, anew=False))


async def update_repository(call: Call[NoQuery, Written]) -> Json:
    """Change what is kept of a repository; secrets that are not given stay."""
    body = _plain(call.body)
    url = call.params["repo.repo"]
    if body.repo and body.repo != url:
        raise bad_request(f"the body is about {body.repo}, the path about {url}")
    secret, before = _found(call, url, "update", project=body.project or None)
    wanted = merged(before, replace(body, repo=before.repo, project=before.project))
    _check(wanted)
    await _try(call.served, wanted)
    await repository_secrets.change(call.served, secret, wanted)
    return Json(value=await _shown(call.served, wanted, anew=False))


async def delete_repository(call: Call[OneQuery, None]) -> Json:
    """Forget a repository and its credentials."""
    secret, _ = _found(call, call.params["repo"], "delete", project=call.query.app_project or None)
    await repository_secrets.remove(call.served, secret)
    return Json(value={})


async def list_repository_refs(call: Call[OneQuery, None]) -> Json:
    """Branches and tags, as the remote has them now."""
    access = reachable(call, call.params["repo"], project=call.query.app_project)
    listing = await list_refs(access, logins=call.served.world.sources.logins)
    return Json(value=Refs(branches=listing.branches, tags=listing.tags))


async def validate_access(call: Call[CredentialsQuery, str]) -> Json:
    """Try credentials without keeping them."""
    query = call.query
    wanted = Repository(
        repo=call.params["repo"],
        project=query.project,
        type=query.type,
        username=query.username,
        password=query.password,
        bearer_token=query.bearer_token,
        ssh_private_key=query.ssh_private_key,
        tls_client_cert_data=query.tls_client_cert_data,
        tls_client_cert_key=query.tls_client_cert_key,
        insecure=query.insecure,
        proxy=query.proxy,
        github_app_id=_number("githubAppID", query.github_app_id),
        github_app_installation_id=_number("githubAppInstallationID", query.github_app_installation_id),
        github_app_private_key=query.github_app_private_key,
        github_app_enterprise_base_url=query.github_app_enterprise_base_url,
    )
    call.require(RESOURCE, "create", rbac_name(wanted))
    _check(wanted)
    await _try(call.served, wanted)
    return Json(value={})


def rbac_name(value: Repository) -> str:
    """What policies call a repository."""
    return f"{value.project}/{value.repo}" if value.project else value.repo


async def _over(call: Call[CreateQuery, Written], secret: Manifest, before: Repository, wanted: Repository) -> Json:
    after = merged(before, replace(wanted, repo=before.repo))
    if after != before:
        if not call.query.upsert:
            raise _different()
        call.require(RESOURCE, "update", rbac_name(before))
        if not call.query.creds_only:
            await _try(call.served, after)
        await repository_secrets.change(call.served, secret, after)
    return Json(value=await _shown(call.served, after, anew=False))


def _different() -> Failure:
    return bad_request("existing repository spec is different; use upsert flag to force update")


def _plain(body: Written) -> Repository:
    return Repository(**{name: getattr(body, name) for name in Repository.__struct_fields__})


def _check(wanted: Repository) -> None:
    if not wanted.repo.strip() or not wanted.repo.isprintable():
        raise bad_request("repo is missing: the URL of the repository")
    if wanted.type not in ("", "git"):
        raise unimplemented(f"repositories of type {wanted.type}")
    if wanted.gcp_service_account_key or wanted.azure_service_principal_client_id:
        raise unimplemented("logging in to repositories by Google or Azure")


def _number(name: str, text: str) -> int:
    if text and not text.isdecimal():
        raise bad_request(f"{name} is no number")
    return int(text or 0)


def _found(call: Call[Any, Any], url: str, action: str, *, project: str | None = None) -> tuple[Manifest, Repository]:
    """The repository, if the caller may. One that they may not see answers as one that does not exist."""
    found = repository_secrets.find(call.served, KIND, Repository, url=url, project=project)
    if found is None:
        named = rbac_name(Repository(repo=url, project=project or ""))
        raise not_found(f"repository {url!r} not found") if call.may(RESOURCE, "get", named) else denied()
    if not call.may(RESOURCE, "get", rbac_name(found[1])):
        raise denied()
    call.require(RESOURCE, action, rbac_name(found[1]))
    return found


def reachable(call: Call[Any, Any], url: str, *, project: str = "") -> RepositoryAccess:
    """How to reach a repository, configured or not, for who may see it. Raises Failure (403).

    The credentials are of the URL, whatever project the caller names: so the right is asked for where they are kept,
    and of what is kept nowhere for the URL alone.
    """
    served = call.served
    found = repository_secrets.find(served, KIND, Repository, url=url, project=project or None)
    found = found or repository_secrets.find(served, KIND, Repository, url=url)
    value = found[1] if found else Repository(repo=url)
    if not call.may(RESOURCE, "get", rbac_name(value)):
        raise denied()
    return credentials(served).access(value.repo, project=value.project)


async def _try(served: Served, wanted: Repository) -> None:
    """Raises Failure (400) with what keeps the remote from answering."""
    try:
        access = credentials(served, trying=wanted).access(wanted.repo, project=wanted.project)
        await list_refs(access, logins=served.world.sources.logins)
    except TrimtabError as error:
        raise bad_request(f"error testing repository connectivity: {error.message}") from error


async def _shown(served: Served, value: Repository, known: Credentials | None = None, *, anew: bool) -> Shown:
    """`known`: the credentials as they are, where the caller has read them for more than one."""
    public = shown(value)
    fields = {name: getattr(public, name) for name in Repository.__struct_fields__}
    access = (known or credentials(served)).access(value.repo, project=value.project)
    state = await served.reachability.state(access, clock=served.clock, logins=served.world.sources.logins, anew=anew)
    return Shown(**fields, connection_state=state, inherited_creds=not has_credentials(value))


def _line(
    method: Method, path: str, operation: str, handler: Any, *, action: str, summary: str, query: Any, reply: Any
) -> Operation[Any, Any]:
    body: Any = Written if method in ("POST", "PUT") else type(None)
    return Operation(
        method=method,
        path=f"/api/v1/repositories{path}",
        id=f"RepositoryService_{operation}",
        handler=handler,
        needs=Needs(RESOURCE, action),
        query=query,
        body=str if operation == "ValidateAccess" else body,
        reply=reply,
        summary=summary,
    )


_ONE = "/{repo}"
OPERATIONS = (
    _line(
        "GET", "", "ListRepositories", list_repositories,
        action="get", summary="The repositories that are known", query=ListQuery, reply=RepositoryList,
    ),
    _line(
        "POST", "", "CreateRepository", create_repository,
        action="create", summary="Keep a repository's credentials", query=CreateQuery, reply=Shown,
    ),
    _line(
        "GET", _ONE, "Get", get_repository,
        action="get", summary="One repository", query=OneQuery, reply=Shown,
    ),
    _line(
        "PUT", "/{repo.repo}", "UpdateRepository", update_repository,
        action="update", summary="Change a repository's credentials", query=NoQuery, reply=Shown,
    ),
    _line(
        "DELETE", _ONE, "DeleteRepository", delete_repository,
        action="delete", summary="Forget a repository", query=OneQuery, reply=dict[str, Any],
    ),
    _line(
        "GET", f"{_ONE}/refs", "ListRefs", list_repository_refs,
        action="get", summary="Branches and tags", query=OneQuery, reply=Refs,
    ),
    _line(
        "POST", f"{_ONE}/validate", "ValidateAccess", validate_access,
        action="create", summary="Try credentials", query=CredentialsQuery, reply=dict[str, Any],
    ),
)  # fmt: skip
