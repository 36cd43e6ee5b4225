"""The host keys that are trusted, against those that GitHub lists."""

from trimtab.doctor.facts import Facts
from trimtab.environment.findings.finding import Finding
from trimtab.environment.findings.host_keys import judge_host_keys
from trimtab.environment.names import KNOWN_HOSTS, KNOWN_HOSTS_KEY
from trimtab.github.meta import get_meta
from trimtab.model.known_hosts import read_keys


async def host_keys(facts: Facts) -> list[Finding]:
    """As they are this moment."""
    meta = await get_meta(await facts.github())
    listed = read_keys(meta.ssh_keys, origin=f"{facts.env.api_url}/meta")
    known = (await facts.data("ConfigMap", KNOWN_HOSTS)).get(KNOWN_HOSTS_KEY, "")
    return [judge_host_keys(facts.env, known, listed)]
