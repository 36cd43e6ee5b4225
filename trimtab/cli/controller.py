"""`trimtab controller`: keep the applications of a namespace on course, until told to stop."""

import asyncio
import logging
import os
import signal
from pathlib import Path

import click
import uvloop

from trimtab.cli.flags import ClusterFlags, Duration, cluster_flags
from trimtab.controller.controller import running_controller
from trimtab.kube import config
from trimtab.settings import Settings, default_cache


@click.command()
@cluster_flags
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Folder for what may be lost [default: ~/.cache/trimtab]."
)
@click.option("--poll", type=Duration(), default="2m", show_default=True, help="How often Git is asked.")
@click.option("--poll-jitter", type=Duration(), default="1m", show_default=True, help="At most this much later.")
@click.option("--workers", type=click.IntRange(1), default=20, show_default=True, help="Applications side by side.")
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
def controller(
    *, flags: ClusterFlags, cache: Path | None, poll: float, poll_jitter: float, workers: int, verbose: bool
) -> None:
    """Run the controller. In a cluster it uses its service account, elsewhere the kubeconfig.

    SIGTERM or Ctrl-C stops it; what is under way then is taken up by the next one.
    """
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")
    settings = Settings(
        namespace=flags.namespace, cache=cache or default_cache(), poll=poll, jitter=poll_jitter, workers=workers
    )
    uvloop.run(_run(_cluster(flags), settings))


def _cluster(flags: ClusterFlags) -> config.ClusterConfig:
    inside = "KUBERNETES_SERVICE_HOST" in os.environ and not (flags.kubeconfig or os.environ.get("KUBECONFIG"))
    return config.in_cluster() if inside else config.load(flags.kubeconfig, flags.context)


async def _run(cluster: config.ClusterConfig, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running_controller(cluster, settings):
        logging.getLogger(__name__).info("keeping %s of %s on course", settings.namespace, cluster.server)
        await stop.wait()
