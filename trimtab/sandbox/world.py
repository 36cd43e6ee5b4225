"""What the parts of the sandbox share: a bag of collaborators, without methods of its own."""

from msgspec import Struct

from trimtab.clock import Clock
from trimtab.sandbox.registry import Registry
from trimtab.sandbox.store import Store


class Settings(Struct, frozen=True):
    """`window`: events kept a kind to watch from. `bookmark_seconds`: how often an idle watch gets a bookmark.

    `start_seconds`: how long a pod takes to become ready. `controllers`: whether workloads come to life at all.
    """

    window: int = 4_000
    bookmark_seconds: float = 60.0
    start_seconds: float = 0.1
    controllers: bool = True
    version: str = "v1.36.3"


class World(Struct, frozen=True):
    registry: Registry
    store: Store
    clock: Clock
    settings: Settings
