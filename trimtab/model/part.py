"""What every part of Argo CD's objects has in common as a Struct."""

from msgspec import Struct


class Part(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Base of every part of an object: camelCase on the wire, defaults left out."""
