"""The environment file that `trimtab setup` applied, as the control namespace keeps it."""

from msgspec import Struct

from trimtab.controller.namespace_data import NamespaceData
from trimtab.environment.environment import Environment
from trimtab.environment.names import ENVIRONMENT, FILE_KEY
from trimtab.environment.reading import read_environment
from trimtab.render.yaml_lines import load_located


class Applied(Struct, frozen=True):
    """The environment, and the ObjectReference of the ConfigMap that it stands in: Events are about that."""

    env: Environment
    involved: dict[str, str]


async def applied_environment(kept: NamespaceData) -> Applied | None:
    """None where set-up has made none. Raises ApiError, and Stalled for a file that is none."""
    found = await kept.read_object("ConfigMap", ENVIRONMENT)
    if found is None:
        return None
    origin = f"ConfigMap {ENVIRONMENT}, {FILE_KEY}"
    env = read_environment(load_located((found.get("data") or {}).get(FILE_KEY, ""), origin=origin))
    involved = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": ENVIRONMENT,
        "namespace": kept.namespace,
        "uid": found["metadata"].get("uid", ""),
    }
    return Applied(env, involved)
