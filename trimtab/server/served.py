"""What the server works with: a bag of collaborators, handed to every call."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct, field

from trimtab.access.enforcer import Enforcer
from trimtab.clock import Clock
from trimtab.controller.world import World
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.metrics import PreviousUses
from trimtab.model.names import ARGOCD_SECRET
from trimtab.server.applications.store import ApplicationStore
from trimtab.server.auth.logins import Logins
from trimtab.server.auth.secrets import SIGNING_KEY
from trimtab.server.auth.sign_on import SignOn
from trimtab.server.configuration import Configuration
from trimtab.server.reachability import Reachability
from trimtab.server.webhook.looks import Annotations

if TYPE_CHECKING:
    from trimtab.server.live.looks import Looks


def _never() -> bool:
    return False


class Served(Struct):
    """`world` is the engine to look with (fetch, render, compare). `acting`: does the controller of this process keep
    the applications on course, or is it another replica's turn? `calls`: how many, by operation's id and status.
    """

    namespace: str
    clock: Clock
    transport: Transport
    discovery: Discovery
    world: World
    configuration: Configuration
    applications: ApplicationStore
    sign_on: SignOn
    logins: Logins = field(default_factory=Logins)
    refreshes: Annotations = field(default_factory=Annotations)
    reachability: Reachability = field(default_factory=Reachability)
    previous_uses: PreviousUses = field(default_factory=PreviousUses)
    looks: "Looks | None" = None
    calls: Counter[tuple[str, int]] = field(default_factory=Counter)
    acting: Callable[[], bool] = _never

    def enforcer(self) -> Enforcer:
        """The rights as they are now."""
        return self.configuration.enforcer

    def waiting_for(self) -> tuple[str, ...]:
        """What has to be seen before calls can be answered; () when all was."""
        kinds = self.configuration.waiting_for() + self.applications.waiting_for()
        # Asked before every call: the rest of the Secret is not decoded for it.
        secret = self.configuration.object("Secret", ARGOCD_SECRET) or {}
        has_key = bool((secret.get("data") or {}).get(SIGNING_KEY))
        return kinds if kinds or has_key else (f"{SIGNING_KEY} in Secret {ARGOCD_SECRET}",)
