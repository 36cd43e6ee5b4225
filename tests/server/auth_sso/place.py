"""A server with single sign-on, and nothing else: its configuration is written by hand, its clock is stepped."""

import asyncio
import base64
import contextlib
import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from trimtab.clock import StepClock
from trimtab.model.keys import Manifest
from trimtab.server.api import session, version
from trimtab.server.asgi import Server
from trimtab.server.auth import login
from trimtab.server.auth.identify import identify
from trimtab.server.auth.sign_on import signing_on
from trimtab.server.call import Call
from trimtab.server.configuration import Configuration
from trimtab.server.listening import Options, listening
from trimtab.server.operation import AnyOperation, NoQuery, Operation
from trimtab.server.reply import Stream
from trimtab.server.served import Served


async def silent(call: Call[NoQuery, None]) -> Stream:
    """A stream that says hello and then nothing, for as long as it is let."""

    async def messages() -> AsyncGenerator[bytes, None]:
        yield b'"hello"'
        await asyncio.Event().wait()

    return Stream(messages=messages())


SILENT = Operation(
    method="GET",
    path="/silent",
    id="Silent",
    handler=silent,
    needs="logged in",
    query=NoQuery,
    body=type(None),
    reply=str,
    summary="",
    streams=True,
)
OPERATIONS: tuple[AnyOperation, ...] = (*login.OPERATIONS, *session.OPERATIONS, *version.OPERATIONS, SILENT)
KEY = "the-key-that-signs-tokens-in-tests"
PART_OF = {"app.kubernetes.io/part-of": "argocd"}


class Written(Configuration):
    """A configuration that tests write."""

    def __init__(self) -> None:
        nothing: Any = None
        super().__init__(nothing, nothing, namespace="argocd")
        self._written: dict[tuple[str, str], Manifest] = {}
        self._hear: list[Any] = []

    def write(self, kind: str, name: str, data: Mapping[str, str], *, labels: Mapping[str, str] = PART_OF) -> None:
        """Replace an object; listeners hear of it."""
        values = (
            {key: base64.b64encode(one.encode()).decode() for key, one in data.items()} if kind == "Secret" else data
        )
        metadata = {"name": name, "namespace": "argocd", "labels": dict(labels)}
        self._written[kind, name] = {"kind": kind, "metadata": metadata, "data": dict(values)}
        self._changed()

    def object(self, kind: str, name: str) -> Manifest | None:
        return self._written.get((kind, name))

    def objects(self, kind: str) -> Mapping[str, Manifest]:
        return {name: one for (found, name), one in self._written.items() if found == kind}

    def waiting_for(self) -> tuple[str, ...]:
        return ()


class NoApplications:
    """Stands for the store of applications: logins need none."""

    def waiting_for(self) -> tuple[str, ...]:
        return ()


class Place:
    """The server: `configure` writes argocd-cm, `clock` is what it knows of time."""

    def __init__(self, configuration: Written, served: Served, clock: StepClock, url: str) -> None:
        self.configuration = configuration
        self.served = served
        self.clock = clock
        self.url = url

    def configure(self, **config: str) -> None:
        """argocd-cm, with `url`; dots are written as two underscores."""
        data = {"url": self.url, **{key.replace("__", "."): value for key, value in config.items()}}
        self.configuration.write("ConfigMap", "argocd-cm", {key: one for key, one in data.items() if one})

    def scopes(self, text: str) -> None:
        self.configuration.write("ConfigMap", "argocd-rbac-cm", {"scopes": text})

    def secret(self, **data: str) -> None:
        """argocd-secret, with the key that signs."""
        self.configuration.write("Secret", "argocd-secret", {"server.secretkey": KEY, **data})

    @property
    def problems(self) -> tuple[str, ...]:
        return self.configuration.problems().get("argocd-cm", ())


@contextlib.asynccontextmanager
async def a_place(configuration: Written | None = None) -> AsyncIterator[Place]:
    """A server at work. With a configuration: another replica of the one that has it."""
    # A provider that is a process of its own goes by the machine's time.
    clock, written = StepClock(dt.datetime.now(dt.UTC)), configuration or Written()
    nothing: Any = None
    applications: Any = NoApplications()
    async with signing_on(written, clock) as sign_on:
        served = Served(
            namespace="argocd",
            clock=clock,
            transport=nothing,
            discovery=nothing,
            world=nothing,
            configuration=written,
            applications=applications,
            sign_on=sign_on,
        )
        async with listening(Server(served, OPERATIONS, identify=identify), Options(port=0)) as url:
            place = Place(written, served, clock, url)
            if configuration is None:
                place.secret()
            yield place
