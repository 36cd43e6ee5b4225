"""`trimtab serve` as its own process, with an administrator who is logged in."""

import asyncio
import base64
import contextlib
import socket
import sys
from collections.abc import AsyncIterator

import aiohttp
import bcrypt
from msgspec import Struct

from bench.stage import NAMESPACE, Stage, until
from trimtab.kube import write
from trimtab.model.keys import Manifest

PASSWORD = "correct-horse"  # noqa: S105 - the cluster is gone in a minute


class Served(Struct, frozen=True):
    """A server's process. `headers` carry a token of admin's."""

    url: str
    pid: int
    headers: dict[str, str]

    @contextlib.asynccontextmanager
    async def client(self, **headers: str) -> AsyncIterator[aiohttp.ClientSession]:
        """A caller with as many connections as it needs."""
        sent = {**self.headers, **headers}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(self.url, connector=connector, headers=sent, timeout=FOREVER) as session:
            yield session


FOREVER = aiohttp.ClientTimeout(total=None)


@contextlib.asynccontextmanager
async def server(stage: Stage, *, acts: bool = False) -> AsyncIterator[Served]:
    """Run the server until the context ends, with a controller if it `acts`; entered when it is ready."""
    await stage.apply_all(await stage.resource("ConfigMap"), [_object("ConfigMap", "argocd-cm", {})])
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4))
    secret = {"admin.password": hashed, "server.secretkey": b"0123456789abcdef0123456789abcdef"}
    encoded = {name: base64.b64encode(value).decode() for name, value in secret.items()}
    await stage.apply_all(await stage.resource("Secret"), [_object("Secret", "argocd-secret", encoded)])
    port = _free_port()
    flags = ["--kubeconfig", str(stage.plane.kubeconfig()), "--cache", str(stage.folder / "cache")]
    flags += ["--namespace", NAMESPACE, "--address", "127.0.0.1", "--port", str(port), "--insecure"]
    flags += [] if acts else ["--no-controller"]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "trimtab", "serve", *flags)
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession(url) as session:
            await until(lambda: _ready(session), within=60)
            token = await _login(session)
        yield Served(url, process.pid, {"authorization": f"Bearer {token}"})
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _object(kind: str, name: str, data: dict[str, str]) -> Manifest:
    labels = {"app.kubernetes.io/part-of": "argocd"}
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": data}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def _ready(session: aiohttp.ClientSession) -> bool:
    with contextlib.suppress(aiohttp.ClientConnectionError):
        async with session.get("/readyz") as answer:
            return answer.status == 200
    return False


async def _login(session: aiohttp.ClientSession) -> str:
    async with session.post("/api/v1/session", json={"username": "admin", "password": PASSWORD}) as answer:
        token: str = (await answer.json())["token"]
        return token


async def fill(stage: Stage, apps: list[Manifest]) -> None:
    """Write Applications, 16 at a time."""
    resource = await stage.resource("Application", "argoproj.io")
    limit = asyncio.Semaphore(16)

    async def one(app: Manifest) -> None:
        async with limit:
            await write.create(stage.transport, resource, app, field_manager="bench")

    await asyncio.gather(*(one(app) for app in apps))
