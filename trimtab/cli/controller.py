"""`trimtab controller`: keep the applications of a namespace on course, until told to stop."""

import contextlib
import logging

import click
import uvloop

from trimtab.cli.daemon import Tuning, cluster_of, log_to_stderr, settings_of, told_to_stop, tuning_flags
from trimtab.cli.flags import ClusterFlags, cluster_flags
from trimtab.clock import SystemClock
from trimtab.controller.controller import keeping, open_world
from trimtab.controller.leading import leading, new_identity
from trimtab.controller.lease import Terms
from trimtab.controller.world import World
from trimtab.kube.config import ClusterConfig
from trimtab.settings import Settings


@click.command()
@cluster_flags
@tuning_flags
@click.option(
    "--lease/--no-lease",
    default=True,
    show_default=True,
    help="Act only while the Lease is ours; without it nothing keeps two controllers apart.",
)
def controller(*, flags: ClusterFlags, tuning: Tuning, lease: bool) -> None:
    """Run the controller. In a cluster it uses its service account, elsewhere the kubeconfig.

    Of several that run, one acts. SIGTERM or Ctrl-C stops it; what is under way then is taken up by the next one.
    """
    log_to_stderr(tuning)
    uvloop.run(_run(cluster_of(flags), settings_of(flags, tuning), tuning.terms if lease else None))


async def _run(cluster: ClusterConfig, settings: Settings, terms: Terms | None) -> None:
    stop = told_to_stop()
    async with open_world(cluster, settings, clock=SystemClock()) as world, _acting(world, terms):
        logging.getLogger(__name__).info("keeping %s of %s on course", settings.namespace, cluster.server)
        await stop.wait()


def _acting(world: World, terms: Terms | None) -> contextlib.AbstractAsyncContextManager[object]:
    if terms is None:
        return keeping(world)
    transport, namespace = world.clusters.home.transport, world.settings.namespace
    return leading(lambda: keeping(world), transport, namespace=namespace, identity=new_identity(), terms=terms)
