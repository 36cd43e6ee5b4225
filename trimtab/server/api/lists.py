"""What every list of the API has in common."""

from msgspec import Struct


class ListMeta(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Empty for all but the list of applications: the others come whole."""

    resource_version: str = ""
