"""The controller as its own process, which answers `stats` on stdin with its request counters as a line of JSON."""

import asyncio
import json
import logging
import sys
from pathlib import Path

import uvloop

from trimtab.controller.controller import running_controller
from trimtab.kube.config import load
from trimtab.settings import Settings


async def _serve(kubeconfig: Path, cache: Path) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    settings = Settings(cache=cache, poll=3600.0, jitter=0.0)
    async with running_controller(load(kubeconfig, None), settings) as world:
        while await reader.readline():
            stats = world.clusters.home.transport.stats
            print(json.dumps({"requests": stats.requests, "kept": len(world.clusters.home.live)}), flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    uvloop.run(_serve(Path(sys.argv[1]), Path(sys.argv[2])))
