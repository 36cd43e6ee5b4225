"""Two of everything: what somebody may see and touch, and what is another's."""

import base64
import json
import secrets
from collections.abc import Mapping
from string import Template
from typing import Any

import bcrypt
from msgspec import Struct

from tests.engine.objects import config_map, deployment, files
from tests.engine.world import until
from tests.repos import GitRepo
from tests.server.desk import CHEAP_ROUNDS, PASSWORD, Desk
from trimtab.access.accounts import secret_key
from trimtab.kube import write
from trimtab.kube.errors import StaleConflict
from trimtab.model.keys import AppKey, Manifest
from trimtab.model.names import GROUP, SECRET_TYPE_LABEL, TRACKING_ID

KINDS = ("Application", "AppProject", "Secret", "ConfigMap")
DEPLOYED = ("ConfigMap", "apps/Deployment")
ROLE = {"name": "deployer", "policies": ["p, proj:$project:deployer, applications, get, $project/*, allow"]}


class Side(Struct, frozen=True):
    """The names of one of the two, as recipes have them."""

    names: Mapping[str, str]

    def fill(self, value: Any) -> Any:
        """`value` with the names of this side in all its texts."""
        if isinstance(value, str):
            return Template(value).safe_substitute(self.names)
        if isinstance(value, Mapping):
            return {name: self.fill(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        return value


def side_of(desk: Desk, which: str) -> Side:
    repo = GitRepo(desk.folder / f"{which}.git")
    sha = repo.commit(files("app", config_map(f"{which}-map"), deployment(f"{which}-web")))
    own = ("app", "busy")
    short = ("map", "web", "account", "idle")
    names = {name: f"{which}-{name}-{desk.token}" for name in own} | {name: f"{which}-{name}" for name in short}
    known = {"project": which, "repo": repo.url, "sha": sha, "place": desk.place, "host": f"{which}.example"}
    more = {"cluster": f"https://{which}.cluster.example", "key": f"KEY{which.upper()}"}
    return Side({**names, **known, **more, "creds": f"https://{which}.example/git"})


async def set_up(desk: Desk, sides: tuple[Side, ...], *, accounts: tuple[str, ...], policy: str) -> None:
    """All that is there before anybody asks."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(CHEAP_ROUNDS)).decode()
    others = tuple(side.names["account"] for side in sides)
    tokens = json.dumps([{"id": "old", "iat": 1}])
    secret = {"admin.password": hashed, "server.secretkey": secrets.token_urlsafe(32)}
    secret |= {secret_key(name, "password"): hashed for name in (*accounts, *others)}
    secret |= {secret_key(name, "tokens"): tokens for name in others}
    cm = {f"accounts.{name}": "login, apiKey" for name in (*accounts, *others)}
    await desk.installed("ConfigMap", "argocd-cm", cm)
    await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": policy})
    await desk.installed("Secret", "argocd-secret", secret)
    hosts = "".join(f"{side.names['host']} ssh-ed25519 {OLD_KEY}\n" for side in sides)
    await desk.installed("ConfigMap", "argocd-ssh-known-hosts-cm", {"ssh_known_hosts": hosts})
    await desk.installed("ConfigMap", "argocd-gpg-keys-cm", {side.names["key"]: "x" for side in sides})
    for side in sides:
        for manifest in _manifests(desk, side):
            await desk.create(manifest)


OLD_KEY = base64.b64encode(b"another").decode()


def _manifests(desk: Desk, side: Side) -> list[Manifest]:
    names = side.names
    role = {**side.fill(ROLE), "jwtTokens": [{"iat": 1, "id": "old"}]}
    spec = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}], "roles": [role]}
    project = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "AppProject"}
    return [
        {**project, "metadata": {"name": names["project"], "namespace": desk.control}, "spec": spec},
        {**project, "metadata": {"name": names["idle"], "namespace": desk.control}, "spec": {}},
        _app(desk, side, "app"),
        {**_app(desk, side, "busy"), "operation": {"sync": {"revision": names["sha"]}}},
        _tracked(side, config_map(names["map"]), "/ConfigMap"),
        _tracked(side, deployment(names["web"]), "apps/Deployment"),
        _secret(desk, side, "repository", {"url": names["repo"], "project": names["project"], "type": "git"}),
        _secret(desk, side, "repo-creds", {"url": names["creds"], "username": "old"}),
        _secret(desk, side, "cluster", {"server": names["cluster"], "name": names["project"], "config": "{}"}),
    ]


def _app(desk: Desk, side: Side, which: str) -> Manifest:
    source = {"repoURL": side.names["repo"], "path": "app", "targetRevision": "main"}
    made = desk.an_app(auto_sync=False, source=source, spec={"project": side.names["project"]})
    past = {"id": 1, "revision": side.names["sha"], "source": source, "deployedAt": "2026-01-01T00:00:00Z"}
    metadata = {**made["metadata"], "name": side.names[which]}
    return {**made, "metadata": metadata, "status": {"history": [past]}}


def _tracked(side: Side, manifest: Manifest, kind: str) -> Manifest:
    name = manifest["metadata"]["name"]
    mark = f"{side.names['app']}:{kind}:{side.names['place']}/{name}"
    metadata = {"name": name, "namespace": side.names["place"], "annotations": {TRACKING_ID: mark}}
    return {**manifest, "metadata": metadata}


def _secret(desk: Desk, side: Side, kind: str, data: Mapping[str, str]) -> Manifest:
    metadata = {
        "name": f"{kind}-{side.names['project']}",
        "namespace": desk.control,
        "labels": {SECRET_TYPE_LABEL: kind},
    }
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


Things = dict[tuple[str, str, str], Manifest]
"""By kind, namespace and name."""


async def things(desk: Desk) -> Things:
    """Everything that a call could write."""
    return {
        (kind, namespace, one["metadata"]["name"]): one
        for kind, namespace in _where(desk)
        for one in await desk.list(kind, namespace=namespace)
    }


def versions(found: Things) -> dict[tuple[str, str, str], str]:
    return {key: _version(one) for key, one in found.items()}


def _version(one: Manifest) -> str:
    """Of a Deployment the generation: its status is written by somebody else."""
    metadata = one["metadata"]
    return str(metadata["generation"]) if one["kind"] == "Deployment" else metadata["resourceVersion"]


def _where(desk: Desk) -> list[tuple[str, str]]:
    return [*((kind, desk.control) for kind in KINDS), *((kind, desk.place) for kind in DEPLOYED)]


async def restore(desk: Desk, before: Things) -> None:
    """Undo what was written since; return when the server has seen it."""
    now = await things(desk)
    written: list[tuple[str, Manifest]] = []
    for key in now.keys() | before.keys():
        if key not in before:
            await _remove(desk, key)
        elif key not in now or _version(now[key]) != _version(before[key]):
            before[key] = await _put_back(desk, key[0], before[key], now.get(key))
            written.append((key[0], before[key]))
    for kind, one in written:
        await until(lambda: _unseen(desk, kind, one), lambda left: not left)  # noqa: B023


async def _remove(desk: Desk, key: tuple[str, str, str]) -> None:
    resource = await desk.resource(key[0])
    await write.delete(desk.transport, resource, key[2], namespace=key[1])


async def _put_back(desk: Desk, kind: str, manifest: Manifest, now: Manifest | None) -> Manifest:
    resource = await desk.resource(kind)
    gone = ("resourceVersion", "uid", "managedFields", "creationTimestamp", "generation")
    metadata = {name: value for name, value in manifest["metadata"].items() if name not in gone}
    wanted = {**manifest, "metadata": metadata}
    while now is not None:
        over = {**wanted, "metadata": {**metadata, "resourceVersion": now["metadata"]["resourceVersion"]}}
        try:
            put = await write.replace(desk.transport, resource, over, field_manager="tests")
        except StaleConflict:
            # A controller of Kubernetes was quicker with its status.
            now = await desk.get(kind, metadata["name"], namespace=metadata["namespace"])
            continue
        if "deletionTimestamp" not in now["metadata"]:
            return put
        # Without its finalizers it is gone now.
        break
    return await write.create(desk.transport, resource, wanted, field_manager="tests")


NOT_THERE: Manifest = {"metadata": {"resourceVersion": "0"}}


async def _unseen(desk: Desk, kind: str, one: Manifest) -> str:
    """What the server does not go by yet; "" when it does."""
    name, version = one["metadata"]["name"], int(one["metadata"]["resourceVersion"])
    served = desk.running.served
    if one["metadata"]["namespace"] != desk.control:
        return ""
    if kind == "Application":
        app = served.applications.get(AppKey(desk.control, name))
        known = app.header.version if app else 0
    else:
        known = int((served.configuration.object(kind, name) or NOT_THERE)["metadata"]["resourceVersion"])
    return f"{kind} {name} at {version}, seen at {known}" if known < version else ""
