"""What a watch says of objects: their metadata decoded, their body kept as the bytes that came."""

from msgspec import Struct, field

from trimtab.model.keys import ObjectKey


class OwnerReference(Struct, frozen=True, rename="camel", gc=False):
    kind: str
    name: str
    uid: str
    api_version: str = ""
    controller: bool = False


class ObjectMeta(Struct, frozen=True, rename="camel", gc=False):
    """The part of `metadata` that the cache and its indexes read."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    annotations: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] = ()
    deletion_timestamp: str | None = None
    finalizers: tuple[str, ...] = ()


class Observed(Struct, frozen=True, gc=False):
    """An object as it was seen at `meta.resource_version`; `raw` is its JSON, with apiVersion and kind."""

    key: ObjectKey
    meta: ObjectMeta
    raw: bytes


class Upserted(Struct, frozen=True, tag=True, gc=False):
    """The object exists, in this state (an initial listing says so for each one, too)."""

    observed: Observed


class Removed(Struct, frozen=True, tag=True, gc=False):
    """The object is gone; `last` is its last state."""

    last: Observed


class Listed(Struct, frozen=True, tag=True):
    """A full listing has just ended: of this kind (and namespace), exactly `keys` exist. Also after every relist.

    `resource_version`: when that was so, "" where it is not known.
    """

    keys: frozenset[ObjectKey] = field(default=frozenset())
    resource_version: str = ""


WatchEvent = Upserted | Removed | Listed
