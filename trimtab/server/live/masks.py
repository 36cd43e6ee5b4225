"""Objects as callers may see them: the values of Secrets masked, and the annotations that argocd-cm calls sensitive.

States of one object are masked together, so that it can be seen which values differ.
"""

from collections.abc import Mapping

import orjson

from trimtab.compare.redact import MASK, is_secret, redact
from trimtab.model.keys import Manifest, ObjectKey, annotations_of

SENSITIVE = "resource.sensitive.mask.annotations"


def masked(key: ObjectKey, *states: Manifest | None, settings: Mapping[str, str]) -> tuple[Manifest | None, ...]:
    """Copies of an object's states, None where there is none."""
    if not is_secret(key):
        return states
    sensitive = {name.strip() for name in settings.get(SENSITIVE, "").split(",")} - {""}
    return tuple(_without(state, sensitive) for state in redact(*states))


def shown(state: Manifest | None) -> str:
    """A state as JSON, its keys sorted; `null` for none."""
    return orjson.dumps(state, option=orjson.OPT_SORT_KEYS).decode()


def _without(state: Manifest | None, sensitive: set[str]) -> Manifest | None:
    if state is None or not sensitive & annotations_of(state).keys():
        return state
    kept = {name: MASK if name in sensitive else value for name, value in annotations_of(state).items()}
    return {**state, "metadata": {**state["metadata"], "annotations": kept}}
