"""An ingress in front of a made-up application, and somebody who calls it from outside."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct

from tests.engine.world import until
from trimtab.demo.authority import Authority
from trimtab.demo.ingress import IngressController, ingress_controller
from trimtab.demo.issuer import Issuer
from trimtab.kube import read, write
from trimtab.kube.config import ClusterConfig
from trimtab.kube.credentials import ClientCertificate
from trimtab.kube.discovery import Discovery
from trimtab.kube.errors import NotFound
from trimtab.kube.transport import Transport
from trimtab.loopback import serving_on_loopback
from trimtab.model.keys import Manifest

ISSUER = "throw-away"


class Loopback(AbstractResolver):
    """Every host is this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


class Answer(Struct, frozen=True):
    status: int
    text: str
    location: str = ""
    error: str = ""


class Application:
    """Shows what reaches it; `/stream` says one thing, and another once it is told to `go_on`."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.address = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/stream", self._stream)
        app.router.add_route("*", "/{path:.*}", self._show)
        async with serving_on_loopback(app) as port:
            self.address = f"127.0.0.1:{port}"
            yield

    async def _show(self, request: web.Request) -> web.Response:
        body = await request.read()
        return web.json_response({"path": request.path_qs, "headers": dict(request.headers), "size": len(body)})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: first\n\n")
        await self.go_on.wait()
        await response.write(b"data: second\n\n")
        return response


class Front:
    """What tests do and see. Objects are written to `namespace`, hosts are called at the ingress."""

    def __init__(self, transport: Transport, namespace: str, folder: Path) -> None:
        self.application = Application()
        self.authority = Authority()
        self.namespace = namespace
        self.class_name = f"class-{namespace}"
        self.folder = folder
        self.controller: IngressController
        self.session: aiohttp.ClientSession
        self._transport = transport
        self._discovery = Discovery(transport)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Front"]:
        """With Service `web`, whose port `http` is the application."""
        issuer = Issuer(ISSUER, self.authority)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self.application.running())
            connector = aiohttp.TCPConnector(resolver=Loopback(), force_close=True)
            self.session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            self.controller = await stack.enter_async_context(
                ingress_controller(
                    self._transport,
                    self._discovery,
                    folder=self.folder / "nginx",
                    addresses={(self.namespace, "web", "http"): self.application.address},
                    class_name=self.class_name,
                    issuer=issuer,
                )
            )
            ports = [{"name": "http", "port": 80}, {"name": "other", "port": 81}]
            await self.put({"apiVersion": "v1", "kind": "Service", "spec": {"ports": ports}}, "web")
            yield self

    async def put(self, manifest: Manifest, name: str) -> None:
        group, _, _ = manifest["apiVersion"].rpartition("/")
        resource = await self._discovery.find(group, manifest["kind"])
        metadata = {"name": name, "namespace": self.namespace, **manifest.get("metadata", {})}
        whole = {**manifest, "metadata": metadata}
        await write.apply(self._transport, resource, whole, field_manager="tests", force=True)

    async def ingress(self, name: str, host: str, **asked: Any) -> None:
        """`secret`: of `tls`; `port`, `path`, `path_type`, `annotations`, `class_name`."""
        port = asked.get("port", "http")
        backend = {"service": {"name": "web", "port": {"name": port} if isinstance(port, str) else {"number": port}}}
        path = {"path": asked.get("path", "/"), "pathType": asked.get("path_type", "Prefix"), "backend": backend}
        spec: Manifest = {
            "ingressClassName": asked.get("class_name", self.class_name),
            "rules": [{"host": host, "http": {"paths": [path]}}],
        }
        if secret := asked.get("secret"):
            spec["tls"] = [{"hosts": [host], "secretName": secret}]
        manifest = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": spec}
        await self.put({**manifest, "metadata": {"annotations": asked.get("annotations", {})}}, name)

    async def secret(self, name: str, pair: ClientCertificate) -> None:
        data = {"tls.crt": pair.certificate, "tls.key": pair.key}
        await self.put({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "stringData": data}, name)

    async def look(self, kind: str, name: str, *, group: str = "") -> Manifest | None:
        resource = await self._discovery.find(group, kind)
        with contextlib.suppress(NotFound):
            return await read.get(self._transport, resource, name, namespace=self.namespace)
        return None

    async def delete(self, kind: str, name: str, *, group: str = "") -> None:
        resource = await self._discovery.find(group, kind)
        await write.delete(self._transport, resource, name, namespace=self.namespace)

    def trusting(self) -> ssl.SSLContext:
        """The throw-away authority, and no other."""
        return ssl.create_default_context(cadata=self.authority.pem)

    async def call(self, url: str, *, data: bytes | None = None) -> Answer:
        """`https://host/path`: at the ingress, as one who trusts the throw-away authority alone."""
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        port = self.controller.https_port if scheme == "https" else self.controller.http_port
        whole = f"{scheme}://{host}:{port}{slash}{path}"
        try:
            method = "GET" if data is None else "POST"
            asked = self.session.request(method, whole, ssl=self.trusting(), allow_redirects=False, data=data)
            async with asked as response:
                return Answer(response.status, await response.text(), response.headers.get("Location", ""))
        except aiohttp.ClientError as error:
            return Answer(0, "", error=str(error))

    async def answers(self, url: str, status: int = 200) -> Answer:
        """Once it answers so, and no older worker answers otherwise. Status 0: TLS is refused, or nobody listens."""
        await until(lambda: self.call(url), lambda answer: answer.status == status)
        await self.controller.settled()
        answer = await self.call(url)
        assert answer.status == status, answer
        return answer

    async def problem(self, name: str) -> str:
        """What is wrong with the Ingress, once something is."""

        async def look() -> str:
            found = [text for key, text in self.controller.problems.items() if key.name == name]
            return found[0] if found else ""

        return await until(look, bool)


@contextlib.asynccontextmanager
async def front(cluster: ClusterConfig, namespace: str, folder: Path) -> AsyncIterator[Front]:
    async with Transport(cluster) as transport, Front(transport, namespace, folder).running() as made:
        yield made
