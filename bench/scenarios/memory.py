"""Memory with 5,000 managed and 20,000 unmanaged objects of the same kinds."""

import asyncio

from bench.objects import FILLER, as_yaml, objects
from bench.process import rss_bytes
from bench.stage import Stage, application, namespace, reported_synced
from bench.table import Row, row

MANAGED, UNMANAGED, APPS = 5000, 20_000, 50
MB = 1024 * 1024


async def memory(stage: Stage) -> list[Row]:
    """The controller's own resident memory before, with managed, and with unmanaged objects too."""
    per_app = MANAGED // APPS
    stage.repo.commit({f"apps/m{n}/all.yaml": as_yaml(objects(per_app, prefix=f"m{n}")) for n in range(APPS)})
    async with stage.controller() as controller:
        await asyncio.sleep(2.0)
        empty = rss_bytes(controller.pid, children=False)
        kind = await stage.resource("Application", "argoproj.io")
        await stage.apply_all(
            kind, [application(f"m{n}", stage.url, path=f"apps/m{n}", namespace=f"mem-{n}") for n in range(APPS)]
        )
        await stage.all_apps(reported_synced, count=APPS)
        await asyncio.sleep(5.0)
        managed = rss_bytes(controller.pid, children=False)
        await _unmanaged(stage)
        await asyncio.sleep(5.0)
        everything = rss_bytes(controller.pid, children=False)
    return [
        row("memory of an idle controller", empty / MB, "MB"),
        row(f"  with {MANAGED} managed objects", managed / MB, "MB"),
        row("  for each managed object", (managed - empty) / MANAGED / 1024, "KB", most=3),
        row(f"  for each of {UNMANAGED} unmanaged objects", (everything - managed) / UNMANAGED / 1024, "KB", most=0.1),
    ]


async def _unmanaged(stage: Stage) -> None:
    await stage.apply_all(await stage.resource("Namespace"), [namespace("crowd")])
    head = {"apiVersion": "v1", "kind": "ConfigMap"}
    crowd = [
        {**head, "metadata": {"name": f"c-{n}", "namespace": "crowd"}, "data": {"filler": FILLER}}
        for n in range(UNMANAGED)
    ]
    await stage.apply_all(await stage.resource("ConfigMap"), crowd)
