"""The namespace, where set-up made it and nothing of others is in it; and the record of the environment, at last."""

from trimtab.environment.plan import Line
from trimtab.environment.remains import is_marked
from trimtab.setup.cluster import shown
from trimtab.setup.job import Job
from trimtab.setup.teardown.belongings import RECORD, belongings


async def look(job: Job) -> list[Line]:
    found = await job.cluster.get("Namespace", job.env.namespace)
    if found is None:
        return []
    subject = f"Namespace {job.env.namespace}"
    if not is_marked(found, environment=job.env.name):
        return [*await _record(job), Line("leave", subject, "it was there before")]
    if strangers := await _strangers(job):
        return [*await _record(job), Line("leave", subject, f"others' are in it: {', '.join(strangers[:4])}")]
    return [Line("delete", subject)]


async def act(job: Job) -> None:
    lines = await look(job)
    for name, kind in RECORD.items():
        group = "coordination.k8s.io" if kind == "Lease" else ""
        await job.cluster.delete(kind, name, group=group)
    if any(line.action == "delete" and line.subject.startswith("Namespace ") for line in lines):
        await job.cluster.delete("Namespace", job.env.namespace)
    for line in lines:
        job.terminal.done(line)


async def _strangers(job: Job) -> list[str]:
    there = await belongings(job)
    return sorted(shown(one) for one in (*there["stranger"], *there["shared"]))


async def _record(job: Job) -> list[Line]:
    """But for the Lease, which is held."""
    kept = [(kind, name) for name, kind in RECORD.items() if kind != "Lease"]
    return [Line("delete", f"{kind} {name}") for kind, name in kept if await job.cluster.get(kind, name)]
