"""An application's life through the API, and everything that people ask and change meanwhile, with the rights that are
installed.
"""

import contextlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from tests.cluster.installation import Installation
from tests.engine.objects import config_map, files, job
from tests.engine.world import CALM, until
from tests.server.desk import Desk, quoted
from tests.server.live.looking import of
from tests.server.test_nouns import a_key
from trimtab.clock import SystemClock
from trimtab.controller.controller import keeping, open_world
from trimtab.controller.leading import leading
from trimtab.controller.world import World
from trimtab.model.keys import Manifest
from trimtab.model.names import IN_CLUSTER_SERVER
from trimtab.server.listening import Options
from trimtab.server.operation import AnyOperation
from trimtab.server.operations import OPERATIONS
from trimtab.settings import Settings

READ = ["get", "list", "watch"]
WRITE = ["create", "update", "patch", "delete"]
NARROW = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": READ},
    {"apiGroups": ["", "batch"], "resources": ["configmaps", "cronjobs"], "verbs": WRITE},
]
"""A controller that may apply ConfigMaps and CronJobs, and nothing else."""
NIGHTLY: Manifest = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "nightly"},
    "spec": {"schedule": "0 3 * * *", "suspend": True, "jobTemplate": {"spec": job("nightly")["spec"]}},
}
ALONE = Options(port=0, controller=False)


@contextlib.asynccontextmanager
async def apart(desk: Desk, installation: Installation) -> AsyncIterator[World]:
    """A server and a controller, each with the rights of its own ServiceAccount; the world of the controller."""
    desk.config = installation.account("trimtab-server")
    await desk.start(options=ALONE)
    cache = desk.folder / "controller"
    settings = Settings(namespace=desk.control, cache=cache, poll=3600.0, jitter=0.0, calm=CALM)
    async with (
        open_world(installation.account("trimtab-controller"), settings, clock=SystemClock()) as world,
        leading(lambda: keeping(world), world.clusters.home.transport, namespace=desk.control, identity="controller"),
    ):
        yield world
        await world.recorder.flush()
    await desk.stop()


async def whole_story(desk: Desk) -> None:
    """An application's life, and everything that can be asked meanwhile."""
    desk.repo.commit(files("app", config_map("settings"), NIGHTLY))
    await _well(desk, "POST", "/api/v1/applications", desk.an_app(auto_sync=False, create_namespace=False))
    path = f"/api/v1/applications/{desk.named()}"
    await _well(desk, "POST", f"{path}/sync", {})
    await desk.sync_ended("Succeeded")
    assert (await desk.there("ConfigMap", "settings"))["data"] == {"key": "one"}
    readings = [one for one in OPERATIONS if one.method == "GET" and one.path.startswith("/api/v1/")]
    assert readings
    for operation in readings:
        await _asked(desk, operation)
    await _change_objects(desk)
    await _well(desk, "GET", f"{path}?refresh=normal")
    await _well(desk, "PUT", f"{path}/spec", desk.an_app(auto_sync=False, create_namespace=False)["spec"])
    await _configure(desk)
    await _well(desk, "DELETE", path)
    await desk.gone("batch/CronJob", "nightly")


async def _well(desk: Desk, method: str, path: str, body: Any = None) -> Any:
    answer = await desk.call(method, path, json=body)
    assert answer.status == 200, (method, path, answer)
    return answer.body


async def _asked(desk: Desk, operation: AnyOperation) -> None:
    """Every reading operation but the streams, about things that are there. It need not like the question."""
    if "/stream/" in operation.path:
        return
    _, _, _, noun, *rest = operation.path.split("/")
    names = {"applications": desk.named(), "projects": "default", "account": "admin"}
    values = dict.fromkeys(("name", "appName", "applicationName"), names.get(noun, "none"))
    values |= {"id.value": IN_CLUSTER_SERVER, "repo": desk.repo.url, "revision": desk.repo.sha()}
    path = re.sub(r"\{([^}]+)\}", lambda found: quoted(values.get(found[1], "none")), operation.path)
    query = of(desk, "ConfigMap", "settings") if "resource" in rest else {}
    answer = await desk.call("GET", path, **query)
    assert answer.status < 500 or answer.status == 501, (path, answer)


async def _change_objects(desk: Desk) -> None:
    """What people do to the objects of an application by the API."""
    resource = f"/api/v1/applications/{desk.named()}/resource"
    settings, nightly = of(desk, "ConfigMap", "settings"), of(desk, "CronJob", "nightly", "batch")
    patch = json.dumps({"data": {"key": "two"}})
    changed = await desk.call("POST", resource, json=patch, patchType="application/merge-patch+json", **settings)
    assert changed.status == 200, changed
    made = await desk.call("POST", f"{resource}/actions", json="create-job", **nightly)
    assert made.status == 200, made
    await until(lambda: desk.list("batch/Job"), bool)
    deleted = await desk.call("DELETE", resource, **settings)
    assert deleted.status == 200, deleted
    await desk.gone("ConfigMap", "settings")


async def _configure(desk: Desk) -> None:
    """What people change by the API, each in its own ConfigMap, Secret or AppProject."""
    spec: dict[str, Any] = {"sourceRepos": ["*"], "destinations": [], "roles": [{"name": "ci", "policies": []}]}
    made = await _well(desk, "POST", "/api/v1/projects", {"project": {"metadata": {"name": "team"}, "spec": spec}})
    made["spec"]["description"] = "changed"
    await _well(desk, "PUT", "/api/v1/projects/team", {"project": made})
    await _well(desk, "POST", "/api/v1/projects/team/roles/ci/token", {})
    await _well(desk, "DELETE", "/api/v1/projects/team")
    await _well(desk, "POST", "/api/v1/certificates", {"items": [a_key()]})
    await _well(desk, "POST", "/api/v1/certificates", {"items": [a_key("other.example.com")]})
    await _well(desk, "POST", "/api/v1/repositories", {"repo": desk.repo.url})
    await _well(desk, "DELETE", f"/api/v1/repositories/{quoted(desk.repo.url)}")
    made = await _well(desk, "POST", "/api/v1/account/ada/token", {"id": "one"})
    assert made["token"]
    await _well(desk, "DELETE", "/api/v1/account/ada/token/one")
    await desk.installed("ConfigMap", "argocd-cm", {"url": "https://argocd.example.com", "dex.config": "connectors: {"})
    await until(lambda: desk.list("Event", namespace=desk.control), lambda seen: "InvalidConfiguration" in str(seen))
