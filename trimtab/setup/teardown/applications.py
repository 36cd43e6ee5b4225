"""The Applications of the environment: by default what they deployed stays and runs on."""

from trimtab.environment.folders import FOLDERS
from trimtab.environment.objects import root_name
from trimtab.environment.plan import Line
from trimtab.environment.remains import applications_of
from trimtab.errors import Stalled
from trimtab.model.cascade import with_cascade
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP, RESOURCES_FINALIZER
from trimtab.setup.job import Job
from trimtab.setup.waiting import wait_until

LOOK_AGAIN = 1.0


async def look(job: Job) -> list[Line]:
    note = "with everything that it deployed" if job.options.cascade else "what it deployed stays"
    mine = await _mine(job)
    lines = [Line("delete", f"Application {one['metadata']['name']}", note) for one in mine]
    names = {one["metadata"]["name"] for one in mine}
    others = [one["metadata"]["name"] for one in await _all(job) if one["metadata"]["name"] not in names]
    if others and job.options.engine == "trimtab":
        raise Stalled(
            f"Trimtab in {job.env.namespace} keeps Applications that are not of this environment: "
            f"{', '.join(sorted(others)[:5])}; delete them first, or move them",
            reason="OthersApplications",
        )
    return lines


async def act(job: Job) -> None:
    """Roots first, so that they do not bring their Applications back."""
    roots = {root_name(job.env, folder) for folder in FOLDERS}
    for one in sorted(await _mine(job), key=lambda found: found["metadata"]["name"] not in roots):
        name = one["metadata"]["name"]
        finalizers = one["metadata"].get("finalizers") or []
        cascade = RESOURCES_FINALIZER if job.options.cascade and name not in roots else ""
        wanted = with_cascade(finalizers, cascade)
        if wanted != finalizers:
            await job.cluster.merge("Application", name, {"metadata": {"finalizers": wanted}}, group=GROUP)
        await job.cluster.delete("Application", name, group=GROUP)
        await _gone(job, name)
        job.terminal.done(Line("delete", f"Application {name}"))


async def _mine(job: Job) -> list[Manifest]:
    """The app-of-apps, and what they deployed."""
    roots = [root_name(job.env, folder) for folder in FOLDERS]
    there = await _all(job)
    own = [one for one in there if one["metadata"]["name"] in roots]
    return [*own, *(one for one in applications_of(there, roots) if one not in own)]


async def _all(job: Job) -> list[Manifest]:
    found = await job.cluster.find_all("Application", group=GROUP, namespace=job.env.namespace)
    return [{**one, "kind": "Application"} for one in found]


async def _gone(job: Job, name: str) -> None:
    async def gone() -> bool:
        return await job.cluster.get("Application", name, group=GROUP) is None

    late = Stalled(
        f"Application {name} is still there after {job.options.patience:.0f} s: see kubectl -n "
        f"{job.env.namespace} describe application {name}; without its controller no finalizer is ever done",
        reason="NotDeleted",
    )
    await wait_until(job, gone, within=job.options.patience, every=LOOK_AGAIN, otherwise=late)
