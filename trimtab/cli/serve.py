"""`trimtab serve`: the API, the pages and the controller in one process, until told to stop."""

import contextlib
import logging
import resource
from pathlib import Path
from typing import Literal

import click
import uvloop
from msgspec import Struct

from trimtab.cli.daemon import Tuning, cluster_of, log_to_stderr, settings_of, told_to_stop, tuning_flags
from trimtab.cli.flags import ClusterFlags, cluster_flags, gathered
from trimtab.kube.config import ClusterConfig
from trimtab.server.listening import Files, Options
from trimtab.server.serve import serving
from trimtab.settings import Settings


class TlsFlags(Struct, frozen=True):
    """What was given of a certificate."""

    insecure: bool
    tls_cert: Path | None
    tls_key: Path | None


FILE = click.Path(path_type=Path)
tls_flags = gathered(
    "tls",
    TlsFlags,
    click.option("--insecure", is_flag=True, help="Serve plain HTTP, for behind an ingress that ends TLS."),
    click.option(
        "--tls-cert", type=FILE, help="Certificate, PEM [default: Secret argocd-server-tls or argocd-secret]."
    ),
    click.option("--tls-key", type=FILE, help="Its private key, PEM."),
)
"""--insecure, --tls-cert and --tls-key as the one parameter `tls`."""


@click.command()
@cluster_flags
@tuning_flags
@click.option("--address", default="0.0.0.0", show_default=True, help="Address to listen on.")  # noqa: S104
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0 is a free one.")
@click.option("--controller/--no-controller", default=True, show_default=True, help="Keep applications on course, too.")
@click.option("--trusted-proxies", default="127.0.0.1", help="Addresses whose X-Forwarded-For counts; * is all.")
@tls_flags
def serve(
    *,
    flags: ClusterFlags,
    tuning: Tuning,
    address: str,
    port: int,
    controller: bool,
    trusted_proxies: str,
    tls: TlsFlags,
) -> None:
    """Run the server: Argo CD's API, the pages, and the controller, which acts in one replica at a time.

    SIGTERM or Ctrl-C stops it: what is under way is finished, or taken up by another replica.
    """
    log_to_stderr(tuning)
    allow_many_connections()
    options = Options(
        host=address,
        port=port,
        tls=certificate_of(tls),
        controller=controller,
        terms=tuning.terms,
        trusted_proxies=trusted_proxies,
    )
    uvloop.run(_run(cluster_of(flags), settings_of(flags, tuning), options))


def allow_many_connections() -> None:
    """As many files as the system lets a process have: the soft limit is mostly 1024, and each stream is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def certificate_of(flags: TlsFlags) -> Files | Literal["secrets"] | None:
    """Where the certificate comes from; None for plain HTTP. Raises UsageError."""
    context = click.get_current_context(silent=True)
    if flags.insecure and (flags.tls_cert or flags.tls_key):
        raise click.UsageError("--insecure serves plain HTTP, which has no certificate: leave one out", context)
    if flags.tls_cert and flags.tls_key:
        return Files(flags.tls_cert, flags.tls_key)
    if flags.tls_cert or flags.tls_key:
        raise click.UsageError("--tls-cert and --tls-key belong together: give both", context)
    return None if flags.insecure else "secrets"


async def _run(cluster: ClusterConfig, settings: Settings, options: Options) -> None:
    stop = told_to_stop()
    async with serving(cluster, settings, options) as running:
        logging.getLogger(__name__).info("serving %s of %s at %s", settings.namespace, cluster.server, running.url)
        await stop.wait()
