"""The GitHub App: uninstalled by itself; GitHub lets only a person delete it."""

import contextlib

from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.github.app import delete_installation
from trimtab.github.errors import NotFound
from trimtab.setup.app_record import begun, deletion_page
from trimtab.setup.app_state import is_there
from trimtab.setup.job import Job
from trimtab.setup.waiting import wait_until

LOOK_AGAIN = 2.0


def applies(job: Job) -> bool:
    return bool(job.facts.app)


async def look(job: Job) -> list[Line]:
    if not job.facts.app.get("privateKey"):
        return begun(job)
    name = f"GitHub App {job.facts.app['slug']}"
    lines = [Line("delete", f"installation of {name}")] if job.facts.app.get("installationID") else []
    return [*lines, Line("click", f"Delete {name}", "GitHub lets only a person do that")]


async def act(job: Job) -> None:
    name = f"GitHub App {job.facts.app['slug']}"
    if job.facts.app.get("installationID"):
        with contextlib.suppress(NotFound):
            await delete_installation(await job.as_app(), int(job.facts.app["installationID"]))
        job.terminal.done(Line("delete", f"installation of {name}"))
        job.facts.app.pop("installationID")
    page = deletion_page(job, job.facts.app["slug"], owner=job.facts.app["owner"])
    await job.terminal.open(page, why=f"delete {name}")
    await _deleted(job)
    job.terminal.done(Line("delete", name))


async def _deleted(job: Job) -> None:
    """Raises Stalled when nobody has deleted it for a long time: its keys stay in the cluster until then."""

    async def gone() -> bool:
        return not await is_there(job)

    late = Stalled(
        f"nobody has deleted the GitHub App {job.facts.app['slug']}: do so, then run this again", reason="NotClicked"
    )
    await wait_until(job, gone, within=job.options.click_patience, every=LOOK_AGAIN, otherwise=late)
