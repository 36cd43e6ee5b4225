"""`trimtab sandbox`: a Kubernetes-compatible API in this process, for trying things out."""

import asyncio
import signal
from pathlib import Path

import click
import uvloop

from trimtab.sandbox import Sandbox


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1 [default: a free one].")
@click.option("--write-kubeconfig", type=click.Path(path_type=Path), help="Write the kubeconfig to this file.")
def sandbox(*, port: int, write_kubeconfig: Path | None) -> None:
    """Run an embedded Kubernetes API until Ctrl-C. Its state is in memory and is lost then."""
    uvloop.run(_serve(port, write_kubeconfig))


async def _serve(port: int, path: Path | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Sandbox(port=port) as running:
        if path is not None:
            running.write_kubeconfig(path)
            click.echo(f"{running.url} is up. Use it with:\n\n  export KUBECONFIG={path.absolute()}\n")
        else:
            click.echo(f"{running.url} is up; kubectl --server {running.url} talks to it.")
        click.echo("Ctrl-C stops it.")
        await stop.wait()
