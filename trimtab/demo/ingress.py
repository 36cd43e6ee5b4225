"""An ingress controller for one machine: a real nginx on loopback, configured from Ingress objects as they change.

It serves one class, on the sandbox or on a real API server. There are no pod networks: `addresses` says where a Service
really is. What is wrong with one Ingress never keeps the others from being served; `problems` names it.
"""

import asyncio
import base64
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from trimtab.demo.authority import Authority
from trimtab.demo.issuer import Issuer
from trimtab.demo.nginx import Nginx, nginx
from trimtab.demo.sites import GROUP, Addresses, Ingress, Seen, Site, decide, merge
from trimtab.errors import TrimtabError
from trimtab.kube import read, write
from trimtab.kube.credentials import ClientCertificate
from trimtab.kube.discovery import Discovery
from trimtab.kube.errors import Conflict, NotFound
from trimtab.kube.transport import Transport
from trimtab.kube.watch import watch
from trimtab.model.keys import Manifest, ObjectKey
from trimtab.model.observed import Listed, Removed, Upserted, WatchEvent

log = logging.getLogger(__name__)
MANAGER = "demo-ingress"
CONTROLLER = "trimtab.dev/demo-ingress"
FOLLOWED = ((GROUP, "Ingress"), ("", "Service"), ("", "Secret"))
PUBLISHED = [{"ip": "127.0.0.1"}]
TRY_AGAIN = 1.0

Name = tuple[str, str]
"""Namespace and name."""


class IngressController:
    """`problems`: what is wrong with an Ingress, by its key; those that are as they should be are not in it."""

    def __init__(
        self, transport: Transport, discovery: Discovery, front: Nginx, *, class_name: str, issuer: Issuer | None
    ) -> None:
        self.problems: dict[ObjectKey, str] = {}
        self._transport = transport
        self._discovery = discovery
        self._nginx = front
        self._class = class_name
        self._issuer = issuer
        self._kept: dict[str, dict[Name, Manifest]] = {kind: {} for _, kind in FOLLOWED}
        self._listed: set[str] = set()
        self._addresses: Addresses = {}
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()

    @property
    def http_port(self) -> int:
        return self._nginx.http_port

    @property
    def https_port(self) -> int:
        return self._nginx.https_port

    def route(self, addresses: Addresses) -> None:
        """Services are at these addresses from now on."""
        self._addresses = dict(addresses)
        self._stir()

    async def settled(self) -> None:
        """Return when all that was seen so far is served."""
        await self._idle.wait()

    async def run(self) -> None:
        """Serve what there is, for ever."""
        async with asyncio.TaskGroup() as group:
            for one in FOLLOWED:
                group.create_task(self._again(partial(self._follow, *one)))
            group.create_task(self._again(self._serve))

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except TrimtabError as error:
                log.warning("demo ingress: %s", error.message)
                await self._transport.clock.sleep(TRY_AGAIN)
                self._stir()

    async def publish_class(self) -> None:
        """Say by an IngressClass that there is somebody for it."""
        manifest = {
            "apiVersion": f"{GROUP}/v1",
            "kind": "IngressClass",
            "metadata": {"name": self._class},
            "spec": {"controller": CONTROLLER},
        }
        await self._apply(manifest)

    async def _follow(self, group: str, kind: str) -> None:
        resource = await self._discovery.find(group, kind)
        async with contextlib.aclosing(watch(self._transport, resource)) as batches:
            async for events in batches:
                for event in events:
                    self._take(kind, event)
                self._stir()

    def _take(self, kind: str, event: WatchEvent) -> None:
        kept = self._kept[kind]
        match event:
            case Upserted(observed):
                kept[_name(observed.key)] = read.decode_manifest(observed.raw, kind)
            case Removed(last):
                kept.pop(_name(last.key), None)
            case Listed(keys):
                there = {_name(key) for key in keys}
                self._kept[kind] = {name: one for name, one in kept.items() if name in there}
                self._listed.add(kind)

    async def _serve(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if len(self._listed) == len(FOLLOWED):
                await self._settle()
                if not self._changed.is_set():
                    self._idle.set()

    def _stir(self) -> None:
        self._idle.clear()
        self._changed.set()

    async def _settle(self) -> None:
        """Serve what there is now. What this writes is seen by the watch, and settled in its turn.

        What cannot be written for one Ingress is written for the others; the first error is raised at the end.
        """
        ingresses, seen = self._ours(), self._seen()
        decided = {ingress.key: decide(ingress, seen) for ingress in ingresses}
        problems = {key: one.problem for key, one in decided.items() if one.problem}
        self.problems = problems | await self._load({key: one.sites for key, one in decided.items()})
        writes = [self._issue(ingress) for ingress in ingresses]
        writes += [self._publish_address(ingress) for ingress in ingresses if decided[ingress.key].sites]
        failed = [error for error in await asyncio.gather(*writes, return_exceptions=True) if error]
        if failed:
            raise failed[0]

    def _ours(self) -> list[Ingress]:
        """The Ingress objects of our class, the oldest first."""
        found = []
        for (namespace, name), manifest in self._kept["Ingress"].items():
            try:
                ingress = msgspec.convert(manifest, Ingress)
            except msgspec.ValidationError as error:
                log.warning("Ingress %s/%s: cannot be read: %s", namespace, name, error)
                continue
            if ingress.class_name == self._class:
                found.append(ingress)
        return sorted(found, key=lambda one: (one.metadata.creation_timestamp, one.key))

    def _seen(self) -> Seen:
        services = {name: _ports(manifest) for name, manifest in self._kept["Service"].items()}
        pairs = {name: _pair(manifest) for name, manifest in self._kept["Secret"].items()}
        return Seen(services, {name: pair for name, pair in pairs.items() if pair}, self._addresses)

    async def _load(self, asked: dict[ObjectKey, tuple[Site, ...]]) -> dict[ObjectKey, str]:
        """Serve all; where nginx cannot have them together, one after the other, less those that it refuses."""
        sites, passed = merge(asked)
        if not await self._nginx.load(sites):
            return passed
        good: dict[ObjectKey, tuple[Site, ...]] = {}
        refused: dict[ObjectKey, str] = {}
        for key, one in asked.items():
            if said := await self._nginx.load(merge(good | {key: one})[0]):
                refused[key] = said
            else:
                good[key] = one
        return merge(good)[1] | refused

    async def _issue(self, ingress: Ingress) -> None:
        """Write the certificates that it lacks, unless it is gone: we may hear of its Secret's deletion first."""
        missing = list(self._issuer.missing(ingress, self._kept["Secret"])) if self._issuer else []
        resource = await self._discovery.find(GROUP, "Ingress")
        with contextlib.suppress(NotFound):
            if missing:
                where = ingress.metadata
                await read.get(self._transport, resource, where.name, namespace=where.namespace)
            for secret in missing:
                await self._apply(secret)

    async def _publish_address(self, ingress: Ingress) -> None:
        if (ingress.status.load_balancer or {}).get("ingress") == PUBLISHED:
            return
        resource = await self._discovery.find(GROUP, "Ingress")
        with contextlib.suppress(NotFound, Conflict):
            await write.patch(
                self._transport,
                resource,
                ingress.metadata.name,
                {"status": {"loadBalancer": {"ingress": PUBLISHED}}},
                patch_type="merge",
                namespace=ingress.metadata.namespace,
                subresource="status",
                field_manager=MANAGER,
            )

    async def _apply(self, manifest: Manifest) -> None:
        group, _, _ = manifest["apiVersion"].rpartition("/")
        resource = await self._discovery.find(group, manifest["kind"])
        await write.apply(self._transport, resource, manifest, field_manager=MANAGER, force=True)


@contextlib.asynccontextmanager
async def ingress_controller(
    transport: Transport,
    discovery: Discovery,
    *,
    folder: Path,
    addresses: Addresses | None = None,
    class_name: str = "nginx",
    issuer: Issuer | None = None,
) -> AsyncIterator[IngressController]:
    """An ingress at work until the context ends. Raises Stalled when nginx is not installed."""
    nobodys = Authority("no Secret gives a certificate for this host").issue("ingress", "ingress.invalid")
    async with nginx(folder, fallback=nobodys) as front:
        controller = IngressController(transport, discovery, front, class_name=class_name, issuer=issuer)
        controller.route(addresses or {})
        await controller.publish_class()
        task = asyncio.create_task(controller.run(), name="demo ingress")
        try:
            yield controller
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _name(key: ObjectKey) -> Name:
    return key.namespace, key.name


def _ports(service: Manifest) -> dict[str, int]:
    ports = (service.get("spec") or {}).get("ports") or []
    return {port.get("name", ""): port["port"] for port in ports}


def _pair(secret: Manifest) -> ClientCertificate | None:
    """The certificate and key in a Secret, if they belong together."""
    data = secret.get("data") or {}
    if not ("tls.crt" in data and "tls.key" in data):
        return None
    try:
        pair = ClientCertificate(*(base64.b64decode(data[name]).decode() for name in ("tls.crt", "tls.key")))
        certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
        key = serialization.load_pem_private_key(pair.key.encode(), password=None)
    except (ValueError, TypeError):
        return None
    return pair if certificate.public_key() == key.public_key() else None
