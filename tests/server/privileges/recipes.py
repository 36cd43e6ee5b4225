"""A request for every operation, and the object of RBAC that it is about. `$names` are a side's (`sides.py`)."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

KEY = base64.b64encode(b"AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl").decode()
DEEP = ("applications, get", "applications, update/*", "applications, delete/*")
"""Who may change an application may not change its objects by that alone."""
SEE_AND_CHANGE = ("repositories, get", "repositories, update")
PUBLIC = ""
"""No object: the operation asks for no right on one."""
ANY = "*/*"
"""The operation looks at no object of its own, or at all of them: there is no other side to it."""


class Recipe(Struct, frozen=True):
    """A request that does what the operation is for. `says`: the statuses of who may. `lists`: what somebody may see of
    one side is recognised by this text in the reply; others get a reply without it, not a refusal. `also`: rights that
    it takes beside what it needs (`RESOURCE, ACTION`).
    """

    object: str
    params: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    json: Any = None
    says: tuple[int, ...] = (200,)
    lists: str = ""
    also: tuple[str, ...] = ()


def _app(json: Any = None, *, says: tuple[int, ...] = (200,), by: str = "name", **more: str) -> Recipe:
    """About an application; `more` are further parameters of the path."""
    return Recipe("$project/$app", {by: "$app", **more}, json=json, says=says, also=("applications, get",))


def _object(kind: str, name: str, json: Any = None, *, group: str = "", says: tuple[int, ...] = (200,)) -> Recipe:
    """About a live object of an application."""
    query = {"group": group, "version": "v1", "kind": kind, "namespace": "$place", "resourceName": name}
    return Recipe("$project/$app", {"name": "$app"}, query, json, says, also=DEEP)


def _on(object_: str, by: str = "", json: Any = None, *, says: tuple[int, ...] = (200,), **query: str) -> Recipe:
    """About one object, which the parameter `by` of the path names."""
    return Recipe(object_, {by: object_} if by else {}, query, json, says)


def _repo(by: str = "", json: Any = None, *, says: tuple[int, ...] = (200,), **query: str) -> Recipe:
    return Recipe("$project/$repo", {by: "$repo"} if by else {}, query, json, says, also=SEE_AND_CHANGE)


def _creds(by: str = "", json: Any = None, **query: str) -> Recipe:
    return Recipe("$creds", {by: "$creds"} if by else {}, query, json, also=SEE_AND_CHANGE)


def _project(name: str, **params: str) -> Recipe:
    return Recipe("$project", {name: "$project", **params})


def _list(object_: str, shown: str, **query: str) -> Recipe:
    return Recipe(object_, query=query, lists=shown)


def _public(json: Any = None, *, says: tuple[int, ...] = (200,), **params: str) -> Recipe:
    return Recipe(PUBLIC, params, json=json, says=says)


def _missing(**params: str) -> Recipe:
    """What is not served yet."""
    return Recipe(ANY, params, says=(501,))


SPEC = {
    "project": "$project",
    "source": {"repoURL": "$repo", "path": "app", "targetRevision": "main"},
    "destination": {"server": "https://kubernetes.default.svc", "namespace": "$place"},
}
WRITTEN = {"metadata": {"name": "$app", "labels": {"a": "b"}}, "spec": SPEC}
NEW = {"metadata": {"name": "$app-new"}, "spec": SPEC}
LABEL = json.dumps({"metadata": {"labels": {"a": "b"}}})
CERTIFICATE = {"serverName": "$host", "certType": "ssh", "certSubType": "ssh-ed25519", "certData": KEY}
PERMITTED = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}], "description": "changed"}
PROJECT = {"project": {"metadata": {"name": "$project"}, "spec": PERMITTED}}
NEW_PROJECT = {"project": {"metadata": {"name": "$project-new"}, "spec": {}}}
RESTART = {
    "namespace": "$place", "resourceName": "$web", "version": "v1", "group": "apps", "kind": "Deployment",
    "action": "restart",
}  # fmt: skip
SOURCE = {"source": {"repoURL": "$repo", "path": "app", "targetRevision": "main"}}
ROLE = {"project": "$project", "role": "deployer"}
REVISION: dict[str, Any] = {"revision": "$sha"}
COMMAND = {"code": "none", "codeVerifier": "none"}

RECIPES: Mapping[str, Recipe] = {
    "Trimtab_Healthz": _public(),
    "Trimtab_Readyz": _public(),
    "Trimtab_ListPage": _public(says=(200, 303)),
    "Trimtab_ApplicationsPage": _public(says=(200, 303)),
    "Trimtab_LoginPage": _public(),
    "Trimtab_Asset": _public(name="none.js", says=(404,)),
    "Trimtab_Login": _public(says=(303, 400, 404)),
    "Trimtab_LoginCallback": _public(says=(303, 400, 404)),
    "Trimtab_DexCallback": _public(says=(303, 400, 404)),
    "Trimtab_Logout": _public(says=(303,)),
    # What these two are shown is proof by itself: a code, a signature.
    "Trimtab_CliToken": _public(COMMAND, says=(401,)),
    "Trimtab_Webhook": _public({}, says=(400, 401)),
    "Trimtab_Badge": _public(says=(200, 400, 404)),
    "Trimtab_OpenAPI": _public(),
    "Trimtab_Swagger": _public(),
    "Trimtab_Metrics": Recipe(ANY),
    "VersionService_Version": _public(),
    "SessionService_Create": _public({"username": "eve", "password": "correct-horse"}),
    "SessionService_Delete": _public(),
    "SessionService_GetUserInfo": _public(),
    "SettingsService_Get": _public(),
    "SettingsService_GetPlugins": _public(),
    "NotificationService_ListServices": _public(),
    "NotificationService_ListTriggers": _public(),
    "NotificationService_ListTemplates": _public(),
    "ApplicationService_List": _list("$project/$app", "$app"),
    "ApplicationService_Watch": _list("$project/$app", "$app", fields="result.application.metadata.name"),
    "ApplicationService_Get": _app(),
    "ApplicationService_Create": Recipe("$project/$app-new", json=NEW),
    "ApplicationService_Update": _app(WRITTEN, by="application.metadata.name"),
    "ApplicationService_UpdateSpec": _app({**SPEC, "revisionHistoryLimit": 3}),
    "ApplicationService_Patch": _app({"patch": LABEL, "patchType": "merge"}),
    "ApplicationService_Delete": _app(),
    "ApplicationService_Sync": _app({}),
    "ApplicationService_Rollback": _app({"id": 1}),
    "ApplicationService_TerminateOperation": Recipe("$project/$busy", {"name": "$busy"}, also=("applications, get",)),
    "ApplicationService_GetApplicationSyncWindows": _app(),
    "ApplicationService_ManagedResources": _app(by="applicationName"),
    "ApplicationService_ResourceTree": _app(by="applicationName"),
    "ApplicationService_WatchResourceTree": _app(by="applicationName"),
    "ApplicationService_GetResource": _object("ConfigMap", "$map"),
    "ApplicationService_PatchResource": _object("ConfigMap", "$map", LABEL),
    "ApplicationService_DeleteResource": _object("ConfigMap", "$map"),
    "ApplicationService_ListResourceEvents": _app(),
    "ApplicationService_ListLinks": _app(),
    "ApplicationService_ListResourceLinks": _object("ConfigMap", "$map"),
    "ApplicationService_ListResourceActions": _object("Deployment", "$web", group="apps"),
    "ApplicationService_RunResourceAction": _object("Deployment", "$web", "restart", group="apps"),
    "ApplicationService_RunResourceActionV2": _app(RESTART),
    "ApplicationService_GetManifests": _app(),
    "ApplicationService_ServerSideDiff": _app(by="appName"),
    "ApplicationService_RevisionMetadata": _app(**REVISION),
    "ApplicationService_RevisionChartDetails": _app(**REVISION, says=(400, 501)),
    "ApplicationService_GetOCIMetadata": _app(**REVISION, says=(400, 501)),
    "ApplicationService_PodLogs": _app(podName="$web", says=(400, 404)),
    "ApplicationService_PodLogs2": _app(says=(200, 400, 404)),
    "ApplicationService_GetManifestsWithFiles": _missing(),
    "AccountService_CanI": _public(resource="applications", action="get", subresource="*"),
    "AccountService_ListAccounts": _list("$account", '"$account"'),
    "AccountService_GetAccount": _on("$account", "name"),
    "AccountService_UpdatePassword": _on(
        "$account", json={"name": "$account", "newPassword": "battery-staple", "currentPassword": "correct-horse"}
    ),
    "AccountService_CreateToken": _on("$account", "name", {"id": "new"}),
    "AccountService_DeleteToken": Recipe("$account", {"name": "$account", "id": "old"}),
    "CertificateService_ListCertificates": _list("$host", "$host"),
    "CertificateService_CreateCertificate": _on("$host", json={"items": [CERTIFICATE]}, upsert="true"),
    "CertificateService_DeleteCertificate": _on("$host", hostNamePattern="$host"),
    "ClusterService_List": _list("$cluster", "$cluster"),
    "ClusterService_Get": _on("$cluster", "id.value"),
    "ClusterService_Create": _on("$cluster-new", json={"server": "$cluster-new", "name": "new"}, says=(501,)),
    "ClusterService_Update": _on("$cluster", "id.value", {"server": "$cluster"}, says=(501,)),
    "ClusterService_Delete": _on("$cluster", "id.value", says=(501,)),
    "ClusterService_InvalidateCache": _on("$cluster", "id.value", says=(501,)),
    "ClusterService_RotateAuth": _on("$cluster", "id.value", says=(501,)),
    "GPGKeyService_List": _list("$key", "$key"),
    "GPGKeyService_Get": _on("$key", "keyID"),
    "GPGKeyService_Create": _on("$key", json={"keyID": "$key", "keyData": "x"}, says=(501,)),
    "GPGKeyService_Delete": _on("$key", keyID="$key"),
    "RepositoryService_ListRepositories": _list("$project/$repo", "$repo"),
    "RepositoryService_CreateRepository": _repo(
        json={"repo": "$repo", "project": "$project", "username": "new"}, upsert="true", credsOnly="true"
    ),
    "RepositoryService_Get": _repo("repo"),
    "RepositoryService_UpdateRepository": _repo(
        "repo.repo", {"repo": "$repo", "project": "$project", "username": "new"}
    ),
    "RepositoryService_DeleteRepository": _repo("repo"),
    "RepositoryService_ListRefs": _repo("repo"),
    "RepositoryService_ValidateAccess": _repo("repo", "", project="$project"),
    "RepositoryService_ListApps": _repo("repo"),
    "RepositoryService_GetAppDetails": _repo("source.repoURL", SOURCE),
    "RepositoryService_GetHelmCharts": _missing(repo="$repo"),
    "RepositoryService_ListOCITags": _missing(repo="$repo"),
    "RepoCredsService_ListRepositoryCredentials": _list("$creds", "$creds"),
    "RepoCredsService_CreateRepositoryCredentials": _creds(json={"url": "$creds", "username": "x"}, upsert="true"),
    "RepoCredsService_UpdateRepositoryCredentials": _creds("creds.url", {"url": "$creds", "username": "x"}),
    "RepoCredsService_DeleteRepositoryCredentials": _creds("url"),
    "ProjectService_List": _list("$project", '"$project"'),
    "ProjectService_Create": _on("$project-new", json=NEW_PROJECT),
    "ProjectService_Get": _project("name"),
    "ProjectService_Update": Recipe("$project", {"project.metadata.name": "$project"}, json=PROJECT),
    "ProjectService_Delete": Recipe("$idle", {"name": "$idle"}),
    "ProjectService_GetDetailedProject": _project("name"),
    "ProjectService_GetGlobalProjects": _project("name"),
    "ProjectService_GetSyncWindowsState": _project("name"),
    "ProjectService_ListLinks": _project("name"),
    "ProjectService_ListEvents": _project("name"),
    "ProjectService_CreateToken": Recipe("$project", ROLE, json={"id": "new"}),
    "ProjectService_DeleteToken": Recipe("$project", {**ROLE, "iat": "1"}),
    "ApplicationSetService_List": _missing(),
    "ApplicationSetService_Create": _missing(),
    "ApplicationSetService_Generate": _missing(),
    "ApplicationSetService_Get": _missing(name="none"),
    "ApplicationSetService_Delete": _missing(name="none"),
    "ApplicationSetService_ListResourceEvents": _missing(name="none"),
    "ApplicationSetService_ResourceTree": _missing(name="none"),
    "ApplicationSetService_Watch": _missing(),
    "RepositoryService_ListWriteRepositories": _missing(),
    "RepositoryService_CreateWriteRepository": _missing(),
    "RepositoryService_GetWrite": _missing(repo="$repo"),
    "RepositoryService_UpdateWriteRepository": _missing(**{"repo.repo": "$repo"}),
    "RepositoryService_DeleteWriteRepository": _missing(repo="$repo"),
    "RepositoryService_ValidateWriteAccess": _missing(repo="$repo"),
    "RepoCredsService_ListWriteRepositoryCredentials": _missing(),
    "RepoCredsService_CreateWriteRepositoryCredentials": _missing(),
    "RepoCredsService_UpdateWriteRepositoryCredentials": _missing(**{"creds.url": "$creds"}),
    "RepoCredsService_DeleteWriteRepositoryCredentials": _missing(url="$creds"),
}
"""By the id of the operation: one that has no line here fails the walk."""
