"""The actions that argocd-cm defines in Lua: their names are known, running them is not served yet. Pure.

`resource.customizations.actions.GROUP_KIND` holds `definitions`, a list of names and scripts; `mergeBuiltinActions`
keeps the built-in actions of that kind beside them.
"""

from collections.abc import Mapping
from functools import lru_cache

import msgspec
from msgspec import Struct

from trimtab.errors import TrimtabError
from trimtab.model.names import ARGOCD_CM
from trimtab.render import yaml

PREFIX = "resource.customizations.actions."


class _Definition(Struct, frozen=True):
    name: str = ""


class Custom(Struct, frozen=True, rename="camel"):
    definitions: tuple[_Definition, ...] = ()
    merge_builtin_actions: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.definitions if one.name)


def custom_actions(settings: Mapping[str, str], group: str, kind: str) -> Custom | None:
    """None where nothing is defined for that kind, or nothing that can be read."""
    text = settings.get(f"{PREFIX}{group}_{kind}" if group else f"{PREFIX}{kind}", "")
    return _read(text) if text.strip() else None


@lru_cache(maxsize=64)
def _read(text: str) -> Custom | None:
    try:
        return msgspec.convert(yaml.load(text, origin=ARGOCD_CM), Custom)
    except (TrimtabError, msgspec.ValidationError):
        return None
