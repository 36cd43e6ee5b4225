"""Memory: what 4,500 more managed objects cost, and 20,000 unmanaged ones of the same kinds."""

import asyncio

from bench.objects import FILLER, as_yaml, objects
from bench.process import rss_bytes
from bench.stage import NAMESPACE, Controller, Stage, application, namespace, reported_synced
from bench.table import Row, row
from trimtab.kube import write
from trimtab.model.observed import Observed

APPS, FEW, MANY, UNMANAGED = 50, 10, 100, 20_000
SETTLED = 20.0
"""Seconds after which connections that nobody uses are closed: each holds a quarter of a megabyte of TLS buffers."""
MB = 1024 * 1024


async def memory(stage: Stage) -> list[Row]:
    """The controller's own resident memory with few, with many managed objects, and with unmanaged ones too."""
    async with stage.controller() as controller:
        few = await _with_objects(stage, controller, each=FEW)
        many = await _with_objects(stage, controller, each=MANY)
        await _unmanaged(stage)
        await asyncio.sleep(SETTLED)
        everything = _own(controller)
    managed, unmanaged = (many - few) / (APPS * (MANY - FEW)), (everything - many) / UNMANAGED
    return [
        row(f"memory with {APPS} applications, {APPS * FEW} objects", few / MB, "MB"),
        row(f"  with {APPS * MANY} objects", many / MB, "MB"),
        row("  for each further managed object", managed / 1024, "KB", most=3),
        row(f"  for each of {UNMANAGED} unmanaged objects", unmanaged / 1024, "KB", most=0.1),
    ]


async def _with_objects(stage: Stage, controller: Controller, *, each: int) -> int:
    """Bytes in use once every application has that many objects."""
    stage.repo.commit({f"apps/m{n}/all.yaml": as_yaml(objects(each, prefix=f"m{n}")) for n in range(APPS)})
    kind = await stage.resource("Application", "argoproj.io")
    apps = [application(f"m{n}", stage.url, path=f"apps/m{n}", namespace=f"mem-{n}") for n in range(APPS)]
    await stage.apply_all(kind, apps)
    asked = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    for app in apps:
        name = app["metadata"]["name"]
        await write.patch(stage.transport, kind, name, asked, patch_type="merge", namespace=NAMESPACE)

    def grown(observed: Observed) -> bool:
        return reported_synced(observed) and observed.raw.count(b'"version":"') >= each

    await stage.all_apps(grown, count=APPS)
    await asyncio.sleep(SETTLED)
    return _own(controller)


async def _unmanaged(stage: Stage) -> None:
    await stage.apply_all(await stage.resource("Namespace"), [namespace("crowd")])
    head = {"apiVersion": "v1", "kind": "ConfigMap"}
    crowd = [
        {**head, "metadata": {"name": f"c-{n}", "namespace": "crowd"}, "data": {"filler": FILLER}}
        for n in range(UNMANAGED)
    ]
    await stage.apply_all(await stage.resource("ConfigMap"), crowd)


def _own(controller: Controller) -> int:
    return rss_bytes(controller.pid, children=False)
