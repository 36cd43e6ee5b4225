"""200 applications of 10 objects in one repository: cold start, push, drift, forced refresh, idle, memory."""

import asyncio
import time

from bench.objects import as_yaml, objects
from bench.process import rss_bytes
from bench.stage import NAMESPACE, Controller, Stage, application, reported_healthy, reported_synced, until
from bench.table import Row, percentile, row
from trimtab.kube import read, write
from trimtab.model.observed import Observed

APPS, OBJECTS = 200, 10
PUSHES, DRIFTS = 20, 40
IDLE = 60.0
MB = 1024 * 1024


async def fleet(stage: Stage) -> list[Row]:
    """Everything that is measured on the same 200 applications."""
    stage.repo.commit({f"apps/a{n}/all.yaml": as_yaml(objects(OBJECTS, prefix=f"a{n}")) for n in range(APPS)})
    async with stage.controller() as controller:
        await asyncio.sleep(1.0)
        rows = await _cold(stage)
        rows += await _push(stage)
        rows += await _drift(stage)
        await stage.all_apps(reported_healthy, count=APPS)
        rows += await refresh_all(stage, controller, names=[f"a{n}" for n in range(APPS)])
        rows += await _idle(stage, controller)
        memory = rss_bytes(controller.pid) / MB
        own = rss_bytes(controller.pid, children=False) / MB
        rows.append(
            row(
                f"memory with {APPS} applications, {APPS * OBJECTS} objects",
                memory,
                "MB",
                most=120,
                note=f"controller alone {own:.0f}",
            )
        )
    return rows


async def _cold(stage: Stage) -> list[Row]:
    kind = await stage.resource("Application", "argoproj.io")
    apps = [application(f"a{n}", stage.url, path=f"apps/a{n}", namespace=f"ns-{n}") for n in range(APPS)]
    began = time.perf_counter()
    await stage.apply_all(kind, apps)

    await stage.all_apps(reported_synced, count=APPS)
    return [
        row(f"{APPS} applications × {OBJECTS} objects, cold, all reported", time.perf_counter() - began, "s", most=6)
    ]


async def _push(stage: Stage) -> list[Row]:
    """A commit changes one object of one application; the refresh annotation stands for the webhook."""
    kind, maps = await stage.resource("Application", "argoproj.io"), await stage.resource("ConfigMap")
    took = []
    for n in range(PUSHES):
        value = f"pushed-{n}"
        stage.repo.commit({f"apps/a{n}/all.yaml": as_yaml(objects(OBJECTS, prefix=f"a{n}", value=value))})
        began = time.perf_counter()
        patch = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
        await write.patch(stage.transport, kind, f"a{n}", patch, patch_type="merge", namespace=NAMESPACE)

        async def applied(n: int = n, value: str = value) -> bool:
            live = await read.get(stage.transport, maps, f"a{n}-0", namespace=f"ns-{n}")
            return bool(live["data"]["value"] == value)

        await until(applied, every=0.005)
        took.append(time.perf_counter() - began)
    return [
        row("push → the changed object applied, p50", percentile(took, 0.5), "s", most=0.3),
        row("push → the changed object applied, p95", percentile(took, 0.95), "s"),
    ]


async def _drift(stage: Stage) -> list[Row]:
    maps = await stage.resource("ConfigMap")
    took = []
    for n in range(DRIFTS):
        name, where = f"a{50 + n}-0", f"ns-{50 + n}"
        began = time.perf_counter()
        await write.patch(
            stage.transport,
            maps,
            name,
            {"data": {"value": "drifted"}},
            patch_type="merge",
            namespace=where,
            field_manager="person",
        )

        async def healed(name: str = name, where: str = where) -> bool:
            return bool((await read.get(stage.transport, maps, name, namespace=where))["data"]["value"] == "0")

        await until(healed, every=0.002)
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.1)
    return [
        row("drift → healed, p50", percentile(took, 0.5), "s", most=0.1),
        row("drift → healed, p95", percentile(took, 0.95), "s"),
    ]


async def refresh_all(stage: Stage, controller: Controller, *, names: list[str]) -> list[Row]:
    """Everybody is asked to look again though nothing has changed."""
    kind = await stage.resource("Application", "argoproj.io")
    await asyncio.sleep(2.0)
    before, cpu, server = await controller.requests(), controller.cpu, stage.server_cpu
    patch = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    await asyncio.gather(
        *(write.patch(stage.transport, kind, name, patch, patch_type="merge", namespace=NAMESPACE) for name in names)
    )
    took = await stage.all_apps(_refreshed, count=len(names))
    await asyncio.sleep(1.0)
    after = await controller.requests()
    sent = _between(before, after)
    writes = sum(count for verb, count in sent.items() if verb in ("apply", "create", "delete", "update"))
    return [
        row(f"forced refresh of {len(names)} in-sync applications", took, "s"),
        row("  the controller's CPU", controller.cpu - cpu, "s", most=len(names) / 200),
        row("  the API server's CPU", stage.server_cpu - server, "s", most=len(names) / 400),
        row(
            "  writes to targets",
            writes,
            "requests",
            most=0,
            note=_shown(sent),
        ),
    ]


async def _idle(stage: Stage, controller: Controller) -> list[Row]:
    await asyncio.sleep(2.0)
    before, cpu = await controller.requests(), controller.cpu
    await asyncio.sleep(IDLE)
    used = controller.cpu - cpu
    after = await controller.requests()
    sent = _between(before, after)
    return [row(f"idle for {IDLE:.0f} s, CPU", used, "s", most=0.2, note=_shown(sent) or "no request")]


def _refreshed(observed: Observed) -> bool:
    return "argocd.argoproj.io/refresh" not in (observed.meta.annotations or {})


def _between(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Requests by verb."""
    return {verb: count - before.get(verb, 0) for verb, count in after.items() if count != before.get(verb, 0)}


def _shown(sent: dict[str, int]) -> str:
    return ", ".join(f"{verb} {count}" for verb, count in sorted(sent.items()))
