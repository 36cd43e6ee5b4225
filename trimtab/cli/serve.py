"""`trimtab serve`: the API, the pages and the controller in one process, until told to stop."""

import logging

import click
import uvloop

from trimtab.cli.daemon import Tuning, cluster_of, log_to_stderr, settings_of, told_to_stop, tuning_flags
from trimtab.cli.flags import ClusterFlags, cluster_flags
from trimtab.kube.config import ClusterConfig
from trimtab.server.listening import Options
from trimtab.server.serve import serving
from trimtab.settings import Settings


@click.command()
@cluster_flags
@tuning_flags
@click.option("--address", default="0.0.0.0", show_default=True, help="Address to listen on.")  # noqa: S104
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0 is a free one.")
@click.option("--controller/--no-controller", default=True, show_default=True, help="Keep applications on course, too.")
@click.option("--trusted-proxies", default="127.0.0.1", help="Addresses whose X-Forwarded-For counts; * is all.")
def serve(
    *, flags: ClusterFlags, tuning: Tuning, address: str, port: int, controller: bool, trusted_proxies: str
) -> None:
    """Run the server: Argo CD's API, the pages, and the controller, which acts in one replica at a time.

    SIGTERM or Ctrl-C stops it: what is under way is finished, or taken up by another replica.
    """
    log_to_stderr(tuning)
    options = Options(host=address, port=port, controller=controller, trusted_proxies=trusted_proxies)
    uvloop.run(_run(cluster_of(flags), settings_of(flags, tuning), options))


async def _run(cluster: ClusterConfig, settings: Settings, options: Options) -> None:
    stop = told_to_stop()
    async with serving(cluster, settings, options) as running:
        logging.getLogger(__name__).info("serving %s of %s at %s", settings.namespace, cluster.server, running.url)
        await stop.wait()
