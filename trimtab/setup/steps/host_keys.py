"""GitHub's host keys, from its own API over TLS: never from whoever answers on port 22."""

from trimtab.environment import names
from trimtab.environment.objects import known_hosts_map
from trimtab.environment.plan import Line
from trimtab.github.meta import get_meta
from trimtab.model.known_hosts import read_keys, with_keys
from trimtab.setup.job import Job


def applies(job: Job) -> bool:
    return job.env.access == "deployKey"


async def look(job: Job) -> list[Line]:
    return [await job.cluster.difference(known_hosts_map(job.env, await _text(job)))]


async def act(job: Job) -> None:
    job.terminal.done(await job.cluster.apply(known_hosts_map(job.env, await _text(job))))


async def _text(job: Job) -> str:
    """What the ConfigMap is to hold. Raises Stalled where GitHub's API lists no keys that can be used."""
    meta = await get_meta(await job.as_nobody())
    keys = read_keys(meta.ssh_keys, origin=f"{job.env.api_url}/meta")
    before = (await job.cluster.config_map(names.KNOWN_HOSTS)).get(names.KNOWN_HOSTS_KEY, "")
    return with_keys(before, job.env.ssh_place, keys)
