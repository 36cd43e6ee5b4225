"""Does the UI answer at its address, as somebody outside sees it; and if not, why not?"""

import socket

from trimtab.doctor.outside import addresses_of, observed
from trimtab.environment import names
from trimtab.environment.outside import Seen, ingress_addresses, reason
from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.setup.job import Job

LOOK_AGAIN = 3.0
STEADY = 3
"""So many times in a row it has to answer: proxies take an Ingress up one after the other, and an nginx that loads
anew answers by the old certificate, too, for a tenth of a second.
"""
STEADY_SECONDS = 0.2
"""From one of these to the next."""


async def look(job: Job) -> list[Line]:
    seen = await _observed(job)
    if not reason(job.env, seen):
        return [Line("check", f"{job.env.url} answers")]
    waited = Line("create", job.env.url, "is waited for until it answers")
    return [*await _unresolved(job), waited] if seen.trouble == "name" else [waited]


async def _unresolved(job: Job) -> list[Line]:
    """The name may be made by then. A domain that the DNS does not know at all is probably misspelt."""
    lines = [
        Line("warn", f"{job.env.host} is no name in the DNS yet", "external-dns makes it from the Ingress, or you do")
    ]
    try:
        await addresses_of(job.env.domain, job.env.ingress.port)
    except OSError as error:
        if error.errno == socket.EAI_NONAME:
            where = f"{job.file.at('domain')}: correct it, unless only others can see it"
            lines.append(Line("warn", f"{job.env.domain} is no domain in the DNS", where))
    return lines


async def act(job: Job) -> None:
    """Look until it answers steadily. Raises Stalled with what is in the way."""
    until = job.clock.monotonic() + job.options.patience
    said, answers = "", 0
    while answers < STEADY:
        why = reason(job.env, await _observed(job))
        answers = 0 if why else answers + 1
        if why and job.clock.monotonic() > until:
            raise Stalled(f"{job.env.url} does not answer: {why}", reason="NotReachable")
        if why and why != said:
            job.terminal.say(f"{job.env.url} does not answer yet: {why}")
            said = why
        await job.clock.sleep(LOOK_AGAIN if why else STEADY_SECONDS)
    job.terminal.done(Line("check", f"{job.env.url} answers"))


async def _observed(job: Job) -> Seen:
    found = await job.cluster.get("Ingress", names.INGRESS, group="networking.k8s.io")
    return await observed(job.env, ingress=ingress_addresses(found))
