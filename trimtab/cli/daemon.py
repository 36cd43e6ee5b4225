"""What the commands that run until they are stopped have in common."""

import asyncio
import logging
import os
import signal
from pathlib import Path

import click
from msgspec import Struct

from trimtab.cli.flags import ClusterFlags, Duration, gathered
from trimtab.controller.lease import Terms, terms_for
from trimtab.kube import config
from trimtab.settings import Settings, default_cache

SHORTEST_LEASE = 1.0


class Tuning(Struct, frozen=True):
    """How the engine works."""

    cache: Path | None
    poll: float
    poll_jitter: float
    workers: int
    lease_duration: float
    verbose: bool

    @property
    def terms(self) -> Terms:
        """Of the Lease."""
        return terms_for(self.lease_duration)


def _long_enough(context: click.Context, parameter: click.Parameter, seconds: float) -> float:
    """Raises BadParameter: what is shorter is lost with every hiccup of the network."""
    if seconds < SHORTEST_LEASE:
        raise click.BadParameter(f"at least {SHORTEST_LEASE:g}s", context, parameter)
    return seconds


tuning_flags = gathered(
    "tuning",
    Tuning,
    click.option(
        "--cache", type=click.Path(path_type=Path), help="Folder for what may be lost [default: ~/.cache/trimtab]."
    ),
    click.option(
        "--poll", type=Duration(), default="2m", show_default=True, help="How often Git is asked; 0 is never."
    ),
    click.option("--poll-jitter", type=Duration(), default="1m", show_default=True, help="At most this much later."),
    click.option("--workers", type=click.IntRange(1), default=20, show_default=True, help="Applications side by side."),
    click.option(
        "--lease-duration",
        type=Duration(),
        default="15s",
        show_default=True,
        callback=_long_enough,
        help="After so long without a sign of life another replica takes over.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Say more."),
)
"""--cache, --poll, … as the one parameter `tuning`."""


def settings_of(flags: ClusterFlags, tuning: Tuning) -> Settings:
    return Settings(
        namespace=flags.namespace,
        cache=tuning.cache or default_cache(),
        poll=tuning.poll,
        jitter=tuning.poll_jitter,
        workers=tuning.workers,
    )


def log_to_stderr(tuning: Tuning) -> None:
    level = logging.DEBUG if tuning.verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")


def cluster_of(flags: ClusterFlags) -> config.ClusterConfig:
    """In a cluster by its service account, elsewhere by the kubeconfig."""
    inside = "KUBERNETES_SERVICE_HOST" in os.environ and not (flags.kubeconfig or os.environ.get("KUBECONFIG"))
    return config.in_cluster() if inside else config.load(flags.kubeconfig, flags.context)


def told_to_stop() -> asyncio.Event:
    """Set by SIGTERM and by Ctrl-C."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
