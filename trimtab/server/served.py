"""What the server works with: a bag of collaborators, handed to every call."""

from msgspec import Struct, field

from trimtab.access.enforcer import Enforcer
from trimtab.clock import Clock
from trimtab.controller.world import World
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.server.auth.logins import Logins
from trimtab.server.configuration import Configuration


class Served(Struct):
    """`world` is the engine to look with (fetch, render, compare); the controller may run on it or not."""

    namespace: str
    clock: Clock
    transport: Transport
    discovery: Discovery
    world: World
    configuration: Configuration
    logins: Logins = field(default_factory=Logins)

    def enforcer(self) -> Enforcer:
        """The rights as they are now."""
        return self.configuration.enforcer
