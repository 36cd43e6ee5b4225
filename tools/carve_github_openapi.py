"""Carves what tests need out of GitHub's published descriptions: operations that we use, events that we receive.

    python -m tools.carve_github_openapi

takes the pinned packages from npm (`npm pack`) and writes `tests/servers/github_openapi.json` and
`tests/servers/github_webhooks.json`: the same definitions with all that they refer to, and without the examples and the
prose. `nullable` of OpenAPI 3.0 is written as JSON Schema says it, so that any validator reads it.
"""

import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OPENAPI = ("@octokit/openapi@23.0.2", "package/generated/api.github.com.json")
WEBHOOKS = ("@octokit/webhooks-schemas@7.6.1", "package/schema.json")
EVENTS = (
    "push$event",
    "ping$event",
    "installation$created",
    "installation$deleted",
    "installation_repositories$added",
    "installation_repositories$removed",
    "membership$added",
    "membership$removed",
    "organization$member_added",
    "organization$member_removed",
    "pull_request$opened",
    "pull_request$closed",
    "github_app_authorization$revoked",
)
OPERATIONS = """
get /meta
get /rate_limit
get /user
get /user/emails
get /user/installations
get /user/memberships/orgs
get /user/memberships/orgs/{org}
get /user/orgs
get /user/teams
get /users/{username}
get /orgs/{org}
get /orgs/{org}/installation
get /orgs/{org}/installations
get /orgs/{org}/memberships/{username}
get /orgs/{org}/teams
get /orgs/{org}/teams/{team_slug}
get /orgs/{org}/teams/{team_slug}/memberships/{username}
get /orgs/{org}/teams/{team_slug}/repos
get /app
get /app/hook/config
patch /app/hook/config
get /app/hook/deliveries
get /app/hook/deliveries/{delivery_id}
post /app/hook/deliveries/{delivery_id}/attempts
get /app/installations
get /app/installations/{installation_id}
delete /app/installations/{installation_id}
post /app/installations/{installation_id}/access_tokens
post /app-manifests/{code}/conversions
get /installation/repositories
delete /installation/token
get /repos/{owner}/{repo}
get /repos/{owner}/{repo}/installation
get /repos/{owner}/{repo}/keys
post /repos/{owner}/{repo}/keys
get /repos/{owner}/{repo}/keys/{key_id}
delete /repos/{owner}/{repo}/keys/{key_id}
get /repos/{owner}/{repo}/hooks
post /repos/{owner}/{repo}/hooks
get /repos/{owner}/{repo}/hooks/{hook_id}
patch /repos/{owner}/{repo}/hooks/{hook_id}
delete /repos/{owner}/{repo}/hooks/{hook_id}
get /repos/{owner}/{repo}/hooks/{hook_id}/deliveries
get /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}
post /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts
post /repos/{owner}/{repo}/hooks/{hook_id}/pings
get /repos/{owner}/{repo}/git/ref/{ref}
post /repos/{owner}/{repo}/git/refs
patch /repos/{owner}/{repo}/git/refs/{ref}
delete /repos/{owner}/{repo}/git/refs/{ref}
post /repos/{owner}/{repo}/git/commits
get /repos/{owner}/{repo}/git/commits/{commit_sha}
post /repos/{owner}/{repo}/git/trees
get /repos/{owner}/{repo}/git/trees/{tree_sha}
post /repos/{owner}/{repo}/git/blobs
get /repos/{owner}/{repo}/git/blobs/{file_sha}
get /repos/{owner}/{repo}/contents/{path}
put /repos/{owner}/{repo}/contents/{path}
get /repos/{owner}/{repo}/branches/{branch}
get /repos/{owner}/{repo}/commits/{ref}
get /repos/{owner}/{repo}/commits/{ref}/status
get /repos/{owner}/{repo}/commits/{ref}/statuses
get /repos/{owner}/{repo}/commits/{commit_sha}/pulls
post /repos/{owner}/{repo}/statuses/{sha}
get /repos/{owner}/{repo}/pulls
post /repos/{owner}/{repo}/pulls
get /repos/{owner}/{repo}/pulls/{pull_number}
patch /repos/{owner}/{repo}/pulls/{pull_number}
put /repos/{owner}/{repo}/pulls/{pull_number}/merge
get /repos/{owner}/{repo}/deployments
post /repos/{owner}/{repo}/deployments
get /repos/{owner}/{repo}/deployments/{deployment_id}
get /repos/{owner}/{repo}/deployments/{deployment_id}/statuses
post /repos/{owner}/{repo}/deployments/{deployment_id}/statuses
get /repos/{owner}/{repo}/issues/{issue_number}/comments
post /repos/{owner}/{repo}/issues/{issue_number}/comments
patch /repos/{owner}/{repo}/issues/comments/{comment_id}
delete /repos/{owner}/{repo}/issues/comments/{comment_id}
"""
PROSE = {"description", "summary", "example", "examples", "externalDocs", "tags", "x-github", "x-octokit", "title"}
NAMED = {"properties", "patternProperties", "definitions"}
"""Below these, a key is a name and no keyword."""


def main() -> None:
    openapi = carved(_published(*OPENAPI))
    webhooks = events(_published(*WEBHOOKS))
    for name, found in (("github_openapi.json", openapi), ("github_webhooks.json", webhooks)):
        path = ROOT / "tests/servers" / name
        path.write_text(json.dumps(found, separators=(",", ":"), sort_keys=True) + "\n")
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")


def carved(whole: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document of `OPERATIONS` and of the components that they refer to."""
    paths: dict[str, Any] = {}
    for line in OPERATIONS.split("\n"):
        if line:
            method, path = line.split()
            paths.setdefault(path, {})[method] = terse(whole["paths"][path][method])
    _mend(paths)
    components = _closure(whole, paths)
    return {"openapi": whole["openapi"], "info": whole["info"] | {"description": ""}, "paths": paths} | components


def _mend(paths: dict[str, Any]) -> None:
    """The list of installations has accounts that are user and enterprise at once; elsewhere they are one of both."""
    listed = paths["/app/installations"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    listed["items"] = {"$ref": "#/components/schemas/installation"}


def events(whole: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema whose definitions are `EVENTS` and what they refer to."""
    wanted = {"definitions": {name: terse(whole["definitions"][name]) for name in EVENTS}}
    found = _closure(whole, wanted)
    return {"$schema": whole["$schema"], "definitions": wanted["definitions"] | found.get("definitions", {})}


def terse(value: Any, *, names: bool = False) -> Any:
    """`value` without prose, and with null as a type. `names`: its keys are names of properties."""
    if isinstance(value, list):
        return [terse(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {
        key: terse(one, names=key in NAMED and not names) for key, one in value.items() if names or key not in PROSE
    }
    if not names and kept.get("default") == "":
        # A URL that is not given is "", which is none.
        kept.pop("format", None)
    return kept if names or not kept.pop("nullable", False) else _nullable(kept)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return schema if "type" in schema else {"anyOf": [schema, {"type": "null"}]}


def _closure(whole: dict[str, Any], start: Any) -> dict[str, Any]:
    """All that `start` refers to, at the places where it is in `whole`."""
    found: dict[str, Any] = {}
    todo = list(references(start))
    seen: set[str] = set()
    while todo:
        reference = todo.pop()
        if reference in seen:
            continue
        seen.add(reference)
        *folders, name = reference.removeprefix("#/").split("/")
        source, place = whole, found
        for folder in folders:
            source, place = source[folder], place.setdefault(folder, {})
        place[name] = terse(source[name])
        todo += references(place[name])
    return found


def references(value: Any) -> Iterator[str]:
    """Every `$ref` in it."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def _published(package: str, member: str) -> dict[str, Any]:
    """A JSON file of a package on npm."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            content = archive.extractfile(member)
            assert content, f"{package} has no {member}"
            found: dict[str, Any] = json.load(content)
            return found


if __name__ == "__main__":
    main()
