"""The server put together: engine, configuration, API on a socket, and the controller while the Lease is ours."""

import contextlib
import ssl
from collections.abc import AsyncIterator

from msgspec import Struct

from trimtab.clock import SystemClock
from trimtab.controller.controller import keeping, open_world
from trimtab.controller.leading import leading, new_identity
from trimtab.kube.config import ClusterConfig
from trimtab.server.applications.store import ApplicationStore
from trimtab.server.asgi import Server
from trimtab.server.auth.identify import identify
from trimtab.server.auth.secrets import Secrets
from trimtab.server.auth.sign_on import signing_on
from trimtab.server.configuration import Configuration
from trimtab.server.first_start import prepared
from trimtab.server.listening import Files, Options, listening
from trimtab.server.live.looks import stop_looking
from trimtab.server.operations import OPERATIONS
from trimtab.server.served import Served
from trimtab.server.tls import tls_from_files, tls_from_secrets
from trimtab.settings import Settings

LOOK_AGAIN = 0.02


class Running(Struct, frozen=True):
    """A server at work."""

    url: str
    served: Served

    async def ready(self) -> None:
        """Return when calls can be answered."""
        while self.served.waiting_for():
            await self.served.clock.sleep(LOOK_AGAIN)


@contextlib.asynccontextmanager
async def serving(cluster: ClusterConfig, settings: Settings, options: Options) -> AsyncIterator[Running]:
    """A server at work until the context ends; what is under way then is finished, streams are closed."""
    async with contextlib.AsyncExitStack() as stack:
        clock = SystemClock()
        world = await stack.enter_async_context(open_world(cluster, settings, clock=clock))
        home = world.clusters.home
        configuration = Configuration(
            home.transport, home.discovery, namespace=settings.namespace, recorder=world.recorder
        )
        applications = ApplicationStore(
            home.transport, home.discovery, namespace=settings.namespace, rights=lambda: configuration.enforcer
        )
        configuration.on_change(applications.hub.rights_changed)
        served = Served(
            namespace=settings.namespace,
            clock=clock,
            transport=home.transport,
            discovery=home.discovery,
            world=world,
            configuration=configuration,
            applications=applications,
            sign_on=await stack.enter_async_context(signing_on(configuration, clock)),
        )
        stack.push_async_callback(stop_looking, served)
        await stack.enter_async_context(configuration.following())
        await stack.enter_async_context(applications.following())
        await stack.enter_async_context(
            prepared(home.transport, home.discovery, namespace=settings.namespace, clock=clock)
        )
        if options.controller:
            standing = leading(
                lambda: keeping(world),
                home.transport,
                namespace=settings.namespace,
                identity=new_identity(),
                terms=options.terms,
            )
            candidate = await stack.enter_async_context(standing)
            served.acting = lambda: candidate.holds
        tls = await stack.enter_async_context(_tls(served, options))
        server = Server(served, OPERATIONS, identify=identify)
        url = await stack.enter_async_context(listening(server, options, tls=tls))
        yield Running(url, served)


@contextlib.asynccontextmanager
async def _tls(served: Served, options: Options) -> AsyncIterator[ssl.SSLContext | None]:
    """What the listener shows; it changes by itself when what was given changes."""
    match options.tls:
        case None:
            yield None
        case Files(certificate, key):
            async with tls_from_files(certificate, key, clock=served.clock) as tls:
                yield tls.context
        case "secrets":
            secrets = Secrets(served.transport, served.discovery, served.namespace)
            async with tls_from_secrets(served.configuration, secrets, clock=served.clock) as tls:
                yield tls.context
