"""Credentials of repositories, read from the control namespace and kept for a moment."""

import asyncio

from trimtab.clock import Clock
from trimtab.kube import read
from trimtab.kube.discovery import Discovery
from trimtab.kube.errors import NotFound
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.credentials import Credentials, read_credentials
from trimtab.model.keys import Manifest
from trimtab.model.names import SECRET_TYPE_LABEL
from trimtab.model.repository import RepositoryAccess

KNOWN_HOSTS = "argocd-ssh-known-hosts-cm"
CERTIFICATES = "argocd-tls-certs-cm"
FRESH_SECONDS = 15.0
"""A changed Secret is noticed this much later at most."""


class Repositories:
    """Answers how to reach a repository URL. One read of the Secrets serves all applications that ask meanwhile."""

    def __init__(self, transport: Transport, discovery: Discovery, *, namespace: str, clock: Clock) -> None:
        self._transport = transport
        self._discovery = discovery
        self._namespace = namespace
        self._clock = clock
        self._known: Credentials | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def access(self, url: str, *, project: str) -> RepositoryAccess:
        """For an application of `project`. Raises `ApiError` when the Secrets cannot be read."""
        async with self._lock:
            if self._known is None or self._clock.monotonic() >= self._until:
                self._known = await self._read()
                self._until = self._clock.monotonic() + FRESH_SECONDS
            return self._known.access(url, project=project)

    def forget(self) -> None:
        """Read anew next time: the credentials at hand were refused."""
        self._until = 0.0

    async def _read(self) -> Credentials:
        secrets = await self._discovery.find("", "Secret")
        maps = await self._discovery.find("", "ConfigMap")
        listed = await read.list_observed(
            self._transport, secrets, namespace=self._namespace, label_selector=SECRET_TYPE_LABEL
        )
        return read_credentials(
            [read.decode_manifest(observed.raw, "Secret") for observed in listed],
            known_hosts=await self._optional(maps, KNOWN_HOSTS),
            certificates=await self._optional(maps, CERTIFICATES),
        )

    async def _optional(self, resource: Resource, name: str) -> Manifest | None:
        try:
            return await read.get(self._transport, resource, name, namespace=self._namespace)
        except NotFound:
            return None
