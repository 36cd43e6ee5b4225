"""First sync of one application with 500 objects, against the same bodies as bare PATCHes on the same server."""

import asyncio
import time

from bench.objects import as_yaml, objects
from bench.stage import NAMESPACE, Stage, application, is_synced, namespace, until
from bench.table import Row, row
from trimtab.kube import read, write
from trimtab.model.keys import Manifest, kind_of

COUNT = 500


async def first_sync(stage: Stage) -> list[Row]:
    """From the Application's creation to all objects written, and to Synced in its status."""
    stage.repo.commit({f"big/part-{n}.yaml": as_yaml(part) for n, part in enumerate(_parts())})
    server = stage.server_cpu
    floors = [await _floor(stage, f"floor-{n}") for n in range(3)]
    floor, floor_cpu = min(floors), (stage.server_cpu - server) / len(floors)
    kind = await stage.resource("Application", "argoproj.io")
    last = await stage.resource("Deployment", "apps")
    async with stage.controller() as controller:
        await asyncio.sleep(1.0)
        cpu, server = controller.cpu, stage.server_cpu
        await write.create(
            stage.transport, kind, application("big", stage.url, path="big", namespace="big"), field_manager="bench"
        )
        began = time.perf_counter()

        async def written() -> bool:
            return len(await read.list_observed(stage.transport, last, namespace="big")) == _count("Deployment")

        async def reported() -> bool:
            return is_synced(await read.get(stage.transport, kind, "big", namespace=NAMESPACE))

        await until(written)
        applied = time.perf_counter() - began
        await until(reported)
        synced = time.perf_counter() - began
        cpu, server = controller.cpu - cpu, stage.server_cpu - server
    return [
        Row(f"floor: {COUNT} bare PATCHes, 16 at a time", f"{floor:.2f} s"),
        row(
            f"first sync, {COUNT} objects, all written",
            applied,
            "s",
            most=max(1.0, floor / 0.7),
            note=f"{floor / applied:.0%} of the floor's speed",
        ),
        row(f"first sync, {COUNT} objects, reported Synced", synced, "s"),
        row("  the controller's CPU for it", cpu, "s"),
        row("  the API server's CPU for it", server, "s", note=f"floor {floor_cpu:.2f}"),
    ]


def _parts() -> list[list[Manifest]]:
    made = objects(COUNT, prefix="item")
    return [made[at : at + 50] for at in range(0, COUNT, 50)]


def _count(kind: str) -> int:
    return sum(manifest["kind"] == kind for manifest in objects(COUNT, prefix="item"))


async def _floor(stage: Stage, name: str) -> float:
    await stage.apply_all(await stage.resource("Namespace"), [namespace(name)])
    bodies = []
    for manifest in objects(COUNT, prefix="item"):
        kind = kind_of(manifest)
        manifest["metadata"]["namespace"] = name
        bodies.append(
            (await stage.resource(kind.kind, kind.group), manifest["metadata"]["name"], write.encode(manifest))
        )
    limit = asyncio.Semaphore(16)

    async def one(at: int) -> None:
        resource, object_name, body = bodies[at]
        async with limit:
            await write.apply_raw(
                stage.transport, resource, body, name=object_name, namespace=name, field_manager="floor", force=True
            )

    began = time.perf_counter()
    await asyncio.gather(*(one(at) for at in range(COUNT)))
    return time.perf_counter() - began
