"""What Git declares, object by object."""

from msgspec import Struct

from trimtab.model.keys import Manifest


class Target(Struct, frozen=True):
    """A rendered object and where it came from, e.g. `deploy/web.yaml document 2`."""

    manifest: Manifest
    origin: str
