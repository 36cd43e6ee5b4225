"""What the demo shows, step by step. Each step does something and returns only once its effect was observed."""

import time

from trimtab.demo import content
from trimtab.demo.stage import Stage, until
from trimtab.model.keys import Manifest


async def first_sync(stage: Stage) -> list[str]:
    """Three applications are deployed: plain YAML, Kustomize, Helm"""
    await stage.repository.push("Open the shop", dict(content.first_commit()))
    for application in content.applications(stage.repository.url):
        await stage.apply(application)
    for name in ("web", "cart"):
        await stage.healthy(name)
    await stage.run("trimtab", "app", "sync", "search")
    await stage.healthy("search")
    table = await stage.run("trimtab", "app", "list")
    return table.splitlines()


async def commit_arrives(stage: Stage) -> list[str]:
    """A commit scales web to 3 and brings version 1.1.0"""
    sha = await stage.repository.push(
        "web 1.1.0", {"web/deployment.yaml": content.deployment("web", replicas=3, tag="1.1.0")}
    )

    async def rolled_out() -> bool:
        live = await _deployment(stage, "web")
        status = live.get("status") or {}
        return _image(live).endswith(":1.1.0") and status.get("readyReplicas") == 3

    _, took = await until(rolled_out)
    return [f"{sha} pushed; {took:.1f} s later 3 pods of web:1.1.0 are ready"]


async def drift_is_healed(stage: Stage) -> list[str]:
    """Somebody scales web to 0 with kubectl"""
    began = time.perf_counter()
    said = await stage.run("kubectl", "-n", "shop", "scale", "deployment/web", "--replicas=0")

    async def reported() -> str:
        found = [message for message in await stage.events("DriftDetected") if "spec.replicas" in message]
        return found[-1] if found else ""

    message, _ = await until(reported)

    async def healed() -> bool:
        return bool((await _deployment(stage, "web"))["spec"]["replicas"] == 3)

    await until(healed)
    took = time.perf_counter() - began
    command = "$ kubectl -n shop scale deployment/web --replicas=0"
    return [command, said, message, f"healed {took:.1f} s after the command was typed"]


async def object_is_pruned(stage: Stage) -> list[str]:
    """A commit removes the banner"""
    assert await stage.get("ConfigMap", "banner") is not None
    sha = await stage.repository.push("The sale is over", {"web/banner.yaml": None})

    async def gone() -> bool:
        return await stage.get("ConfigMap", "banner") is None

    _, took = await until(gone)
    return [f"{sha} pushed; {took:.1f} s later ConfigMap banner is gone from the cluster"]


async def broken_commit(stage: Stage) -> list[str]:
    """A broken commit is named, and harms nothing"""
    await stage.healthy("web")
    before = await _versions(stage)
    await stage.repository.push("Change the colour", {"web/settings.yaml": content.BROKEN})

    async def named() -> str:
        conditions = (await stage.application("web")).get("status", {}).get("conditions") or []
        return next((c["message"] for c in conditions if c["type"] == "ComparisonError"), "")

    message, _ = await until(named)
    assert await _versions(stage) == before, "a broken commit changed the cluster"
    await stage.repository.push("Mend it", {"web/settings.yaml": content.config_map("settings", colour="green")})
    await stage.healthy("web")
    settings = await stage.get("ConfigMap", "settings") or {}
    return [message, f"nothing was touched; the next commit mends it: colour is {settings['data']['colour']}"]


async def rollback(stage: Stage) -> list[str]:
    """search 7.2.0 is deployed, and rolled back"""
    await stage.repository.push("search 7.2.0", {"search/values.yaml": content.values(replicas=2, tag="7.2.0")})

    async def noticed() -> bool:
        return _sync_status(await stage.application("search")) == "OutOfSync"

    await until(noticed)
    await stage.run("trimtab", "app", "sync", "search")
    assert _image(await _deployment(stage, "search")).endswith(":7.2.0"), "7.2.0 was not deployed"
    await stage.run("trimtab", "app", "rollback", "search")
    live = await _deployment(stage, "search")
    assert _image(live).endswith(":7.1.0"), "7.1.0 did not come back"
    history = await stage.run("trimtab", "app", "history", "search")
    return ["$ trimtab app rollback search", f"{_image(live)} runs again", *history.splitlines()]


async def served(stage: Stage) -> list[str]:
    """The same through the server, by Argo CD's API"""
    login = ("login", stage.url, "--username", "admin", "--password", await stage.admin_password())
    said = await stage.run("trimtab", *login)
    table = await stage.run("trimtab", "app", "list", server=True)
    assert table == await stage.run("trimtab", "app", "list"), "the server tells another story than the cluster"
    return ["$ trimtab login … && trimtab app list", said, *table.splitlines()]


STEPS = (
    first_sync,
    commit_arrives,
    drift_is_healed,
    object_is_pruned,
    broken_commit,
    rollback,
    served,
)


async def _deployment(stage: Stage, name: str) -> Manifest:
    return await stage.get("Deployment", name, group="apps") or {}


async def _versions(stage: Stage) -> list[str]:
    """The resource versions of what `web` runs."""
    kinds = (("Deployment", "web", "apps"), ("Service", "web", ""), ("ConfigMap", "settings", ""))
    found = [await stage.get(kind, name, group=group) or {} for kind, name, group in kinds]
    return [manifest["metadata"]["resourceVersion"] for manifest in found]


def _image(deployment: Manifest) -> str:
    containers = deployment.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or [{}]
    return str(containers[0].get("image", ""))


def _sync_status(application: Manifest) -> str:
    return str(((application.get("status") or {}).get("sync") or {}).get("status", ""))
