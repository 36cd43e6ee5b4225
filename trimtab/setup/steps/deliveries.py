"""What GitHub told the App of before there was a server to hear it is told again, so that nothing is left as failed."""

from trimtab.environment.plan import Line
from trimtab.github.hooks import list_app_deliveries, redeliver_to_app
from trimtab.github.nouns import HookDelivery
from trimtab.setup.app_record import NEW_APP
from trimtab.setup.job import Job


def applies(job: Job) -> bool:
    return job.env.needs_app


async def look(job: Job) -> list[Line]:
    """Only of an App that was made in this run: later failures are the doctor's business."""
    if NEW_APP not in job.facts.drawn:
        return []
    return [Line("create", f"delivery of {one.event} again") for one in await _unheard(job)]


async def act(job: Job) -> None:
    for one in await _unheard(job):
        await redeliver_to_app(await job.as_app(), one.id)
        job.terminal.done(Line("create", f"delivery of {one.event} again"))


async def _unheard(job: Job) -> list[HookDelivery]:
    """The first attempt of each that never arrived."""
    found = await list_app_deliveries(await job.as_app())
    heard = {one.guid for one in found if 200 <= one.status_code < 300}
    return [one for one in found if one.guid not in heard and not one.redelivery]
