"""The kinds that argocd-cm keeps out of sight (`resource.exclusions`, `resource.inclusions`), and those that we do."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec
from msgspec import Struct

from trimtab.errors import TrimtabError
from trimtab.kube.resource import Resource
from trimtab.model.globs import matches
from trimtab.model.names import ARGOCD_CM
from trimtab.render import yaml

HIDDEN = {("", "Event"), ("events.k8s.io", "Event"), ("coordination.k8s.io", "Lease")}
HIDDEN_GROUPS = {"metrics.k8s.io"}

IsHidden = Callable[[Resource], bool]


class Filter(Struct, frozen=True, rename="camel"):
    """Globs; one that is left out fits everything."""

    api_groups: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    clusters: tuple[str, ...] | None = None

    def fits(self, resource: Resource, server: str) -> bool:
        kind = resource.kind
        return _fits(self.api_groups, kind.group) and _fits(self.kinds, kind.kind) and _fits(self.clusters, server)


def hidden(settings: Mapping[str, str], server: str) -> IsHidden:
    """What says of a kind whether it is out of sight. A setting that cannot be read hides nothing."""
    excluded = _filters(settings.get("resource.exclusions", ""))
    included = _filters(settings.get("resource.inclusions", ""))

    def is_hidden(resource: Resource) -> bool:
        kind = resource.kind
        if (kind.group, kind.kind) in HIDDEN or kind.group in HIDDEN_GROUPS:
            return True
        if included and not any(one.fits(resource, server) for one in included):
            return True
        return any(one.fits(resource, server) for one in excluded)

    return is_hidden


@lru_cache(maxsize=16)
def _filters(text: str) -> tuple[Filter, ...]:
    try:
        return msgspec.convert(yaml.load(text, origin=ARGOCD_CM) or [], tuple[Filter, ...])
    except (TrimtabError, msgspec.ValidationError):
        return ()


def _fits(patterns: tuple[str, ...] | None, text: str) -> bool:
    return not patterns or any(_matches(pattern, text) for pattern in patterns)


def _matches(pattern: str, text: str) -> bool:
    try:
        return matches(pattern, text)
    except ValueError:
        return False
