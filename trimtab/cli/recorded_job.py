"""The environment that the cluster has recorded, opened for the commands that work on it."""

import contextlib
from collections.abc import AsyncIterator

from msgspec.structs import replace

from trimtab.cli.environment_file import recorded_environment
from trimtab.cli.flags import ClusterFlags
from trimtab.cli.setup import github_token
from trimtab.cli.setup_terminal import ConsoleTerminal
from trimtab.clock import SystemClock
from trimtab.kube.config import load
from trimtab.kube.transport import Transport
from trimtab.setup.cluster import Cluster
from trimtab.setup.job import Job, Options


@contextlib.asynccontextmanager
async def recorded_job(flags: ClusterFlags, options: Options, *, browser: bool) -> AsyncIterator[Job]:
    """Engine and token are found, the rest is as `options` say. Raises Stalled where nothing is recorded."""
    async with Transport(load(flags.kubeconfig, flags.context)) as transport:
        cluster = Cluster(transport, namespace=flags.namespace)
        found = await recorded_environment(cluster)
        chosen = replace(options, engine=found.engine, token=github_token())
        terminal = ConsoleTerminal(browser=browser)
        async with Job(found.file, cluster=cluster, terminal=terminal, clock=SystemClock(), options=chosen) as job:
            yield job
