"""Reading an environment: from its file, or as the cluster has it recorded."""

from pathlib import Path

from trimtab.cli.declaration_file import read_declared
from trimtab.environment.names import ENVIRONMENT
from trimtab.errors import Stalled
from trimtab.setup.cluster import Cluster
from trimtab.setup.read_file import ReadFile, read_text
from trimtab.setup.recorded import Recorded, recorded


def read_file(path: Path) -> ReadFile:
    """The environment of a file. Every problem is told on stderr; raises Stalled."""
    return read_declared(
        path, lambda text, origin: read_text(text, origin=origin), example="trimtab scaffold environment"
    )


async def recorded_environment(cluster: Cluster) -> Recorded:
    """Raises Stalled where the control namespace was not set up."""
    found = await recorded(cluster)
    if found is None:
        raise Stalled(
            f"namespace {cluster.namespace} was not set up by trimtab setup: there is no ConfigMap {ENVIRONMENT}; name "
            "another with -n",
            reason="NoEnvironment",
        )
    return found
