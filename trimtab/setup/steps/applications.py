"""The two app-of-apps that deploy what the environment's folders hold."""

from trimtab.environment.objects import root_applications
from trimtab.environment.plan import Line
from trimtab.setup.job import Job


async def look(job: Job) -> list[Line]:
    return [await job.cluster.difference(one) for one in root_applications(job.env)]


async def act(job: Job) -> None:
    for one in root_applications(job.env):
        job.terminal.done(await job.cluster.apply(one))
