"""500 idle applications of one repository: from a webhook to the look at those that the push touches, and no others."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time

import aiohttp

from bench.objects import as_yaml, objects
from bench.process import cpu_seconds
from bench.server import Served, server
from bench.stage import NAMESPACE, Stage, application, reported_synced, until
from bench.table import Row, percentile, row
from trimtab.kube import read, write
from trimtab.model.keys import Manifest

APPS, OBJECTS, PUSHES = 500, 2, 20
SECRET = "0123456789abcdef"  # noqa: S105 - the cluster is gone in a minute
PATHS = {"argocd.argoproj.io/manifest-generate-paths": "."}


async def webhook(stage: Stage) -> list[Row]:
    """Every push changes one object of one application; the last one may have changed anything."""
    stage.repo.commit({_path(n): as_yaml(objects(OBJECTS, prefix=f"w{n}")) for n in range(APPS)})
    async with server(stage, acts=True) as served:
        await _guard(stage)
        await stage.apply_all(await stage.resource("Application", "argoproj.io"), [_app(stage, n) for n in range(APPS)])
        await stage.all_apps(reported_synced, count=APPS)
        async with served.client() as client:
            await _at_rest(client)
            return [*await _pushes(stage, served, client), *await _everything(stage, served, client)]


async def _pushes(stage: Stage, served: Served, client: aiohttp.ClientSession) -> list[Row]:
    maps = await stage.resource("ConfigMap")
    took, looks, cpu = [], await _looks(client), cpu_seconds(served.pid)
    for n in range(PUSHES):
        value = f"pushed-{n}"
        stage.repo.commit({_path(n): as_yaml(objects(OBJECTS, prefix=f"w{n}", value=value))})
        began = time.perf_counter()
        await _deliver(stage, client, [_path(n)])

        async def applied(n: int = n, value: str = value) -> bool:
            live = await read.get(stage.transport, maps, f"w{n}-0", namespace=f"hooked-{n}")
            return bool(live["data"]["value"] == value)

        await until(applied, every=0.005)
        took.append(time.perf_counter() - began)
    await _at_rest(client)
    cpu = (cpu_seconds(served.pid) - cpu) / PUSHES
    what = f"webhook → the changed object applied, 1 of {APPS} idle applications"
    note = f"{(await _looks(client) - looks) / PUSHES:.1f} looks, {cpu * 1000:.0f} ms CPU each"
    return [
        row(f"{what}, p50", percentile(took, 0.5), "s", most=0.3, note=note),
        row(f"{what}, p95", percentile(took, 0.95), "s"),
    ]


async def _everything(stage: Stage, served: Served, client: aiohttp.ClientSession) -> list[Row]:
    """A forced push: nobody knows what it changed, so all are looked at."""
    stage.repo.commit({"README.md": "changed\n"})
    looks, cpu, began = await _looks(client), cpu_seconds(served.pid), time.perf_counter()
    await _deliver(stage, client, [], forced=True)
    answered = time.perf_counter() - began

    async def looked() -> bool:
        return await _looks(client) >= looks + APPS

    await until(looked, every=0.02)
    took, cpu = time.perf_counter() - began, cpu_seconds(served.pid) - cpu
    note = f"answered after {answered * 1000:.0f} ms, {cpu:.1f} s CPU"
    return [row(f"webhook → all {APPS} idle applications looked at", took, "s", note=note)]


async def _deliver(stage: Stage, client: aiohttp.ClientSession, changed: list[str], *, forced: bool = False) -> None:
    payload = {
        "ref": "refs/heads/main",
        "forced": forced,
        "commits": [{"added": [], "removed": [], "modified": changed}],
        "repository": {"html_url": stage.url, "default_branch": "main"},
    }
    body = json.dumps(payload).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-github-event": "push", "x-hub-signature-256": signature, "content-type": "application/json"}
    async with client.post("/api/webhook", data=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


async def _looks(client: aiohttp.ClientSession) -> int:
    """How many the controller took so far, as it tells Prometheus."""
    async with client.get("/metrics") as answer:
        told = await answer.text()
    return sum(
        int(float(count)) for count in re.findall(r"^argocd_app_reconcile_count\{.*\} (\S+)$", told, re.MULTILINE)
    )


async def _at_rest(client: aiohttp.ClientSession) -> None:
    """Return when nothing has been looked at for a second."""
    before = -1
    while (now := await _looks(client)) != before:
        before = now
        await asyncio.sleep(1.0)


async def _guard(stage: Stage) -> None:
    """With a secret, as webhooks should be: what comes without is believed, but taken slowly."""
    patch = {"data": {"webhook.github.secret": base64.b64encode(SECRET.encode()).decode()}}
    secrets = await stage.resource("Secret")
    await write.patch(stage.transport, secrets, "argocd-secret", patch, patch_type="merge", namespace=NAMESPACE)


def _path(n: int) -> str:
    return f"apps/w{n}/all.yaml"


def _app(stage: Stage, n: int) -> Manifest:
    app = application(f"w{n}", stage.url, path=f"apps/w{n}", namespace=f"hooked-{n}")
    return {**app, "metadata": {**app["metadata"], "annotations": PATHS}}
