"""Reading an environment: from its file, or as the cluster has it recorded."""

from pathlib import Path

import click

from trimtab.environment.fields import InvalidDeclaration
from trimtab.environment.names import ENVIRONMENT
from trimtab.errors import Stalled
from trimtab.setup.cluster import Cluster
from trimtab.setup.read_file import ReadFile, read_text
from trimtab.setup.recorded import Recorded, recorded


def read_file(path: Path) -> ReadFile:
    """The environment of a file. Every problem is told on stderr; raises Stalled."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Stalled(f"{path}: {error.strerror}: write one with trimtab scaffold environment > {path}") from error
    try:
        return read_text(text, origin=str(path))
    except InvalidDeclaration as error:
        for problem in error.problems[1:]:
            click.echo(str(problem), err=True)
        raise


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
