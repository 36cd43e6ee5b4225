"""A small client that sees the sandbox as any HTTP client does, and objects to send."""

import asyncio
import io
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any

import aiohttp

from trimtab.sandbox import Sandbox

Object = dict[str, Any]
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"


class Refused(Exception):
    """An answer that is no success; `body` is its Status."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body.get('message') if isinstance(body, dict) else body}")
        self.status = status
        self.body = body


class Watch:
    """Events as they come."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> Object:
        line = await asyncio.wait_for(self._response.content.readline(), 10)
        if not line:
            raise EOFError("the watch has ended")
        event: Object = json.loads(line)
        return event

    async def until(self, wanted: Callable[[Object], bool]) -> Object:
        """The object of the first event that `wanted` accepts."""
        while True:
            found: Object = (await self.next())["object"]
            if wanted(found):
                return found

    async def __aenter__(self) -> "Watch":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._response.close()


class Client:
    def __init__(self, session: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self._session = session
        self.sandbox = sandbox

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The decoded answer. Raises Refused."""
        kind = headers.pop("Content-Type", "application/json")
        return await self.raw(method, path, b"" if body is None else json.dumps(body).encode(), kind, **headers)

    async def raw(self, method: str, path: str, body: bytes, kind: str, **headers: str) -> Any:
        """The same with a body as it is."""
        sent = {"Accept": "application/json", "Content-Type": kind} | headers
        async with self._session.request(
            method, self.sandbox.url + path, data=io.BytesIO(body), headers=sent
        ) as response:
            text = await response.text()
            answer = json.loads(text) if text.startswith(("{", "[")) else text
            if response.status >= 400:
                raise Refused(response.status, answer)
            return answer

    async def get(self, path: str, **headers: str) -> Any:
        return await self.send("GET", path, **headers)

    async def create(self, path: str, body: Object) -> Object:
        created: Object = await self.send("POST", path, body)
        return created

    async def patch(self, path: str, body: Any, kind: str = MERGE) -> Object:
        patched: Object = await self.send("PATCH", path, body, **{"Content-Type": kind})
        return patched

    async def apply(self, path: str, body: Object, manager: str = "test") -> Object:
        return await self.patch(f"{path}?fieldManager={manager}", body, APPLY)

    async def delete(self, path: str, body: Any = None) -> Any:
        return await self.send("DELETE", path, body)

    async def watch(self, path: str) -> Watch:
        response = await self._session.get(f"{self.sandbox.url}{path}")
        if response.status != 200:
            raise Refused(response.status, await response.json())
        return Watch(response)


def a_config_map(name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def a_deployment(name: str, *, image: str = "web:1", **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
            **spec,
        },
    }


def a_crd(plural: str, kind: str, group: str = "example.org", **version: Any) -> Object:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "shortNames": [plural[:2]]},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **version}
            ],
        },
    }
