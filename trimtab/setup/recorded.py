"""The environment as it was recorded in the cluster when it was set up."""

from typing import cast

from msgspec import Struct

from trimtab.environment import names
from trimtab.environment.environment import Engine
from trimtab.setup.cluster import Cluster
from trimtab.setup.read_file import ReadFile, read_text


class Recorded(Struct, frozen=True):
    """The environment's file, and what keeps its applications."""

    file: ReadFile
    engine: Engine


async def recorded(cluster: Cluster) -> Recorded | None:
    """What the control namespace was set up as; None where it was not. Raises InvalidDeclaration."""
    found = await cluster.get("ConfigMap", names.ENVIRONMENT)
    text = ((found or {}).get("data") or {}).get(names.FILE_KEY, "")
    if found is None or not text:
        return None
    read = read_text(text, origin=f"ConfigMap {cluster.namespace}/{names.ENVIRONMENT}")
    engine = (found["metadata"].get("annotations") or {}).get(names.ENGINE, "trimtab")
    return Recorded(read, cast(Engine, engine))
