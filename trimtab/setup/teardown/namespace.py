"""The namespace, where set-up made it and nothing of others is in it; and the record of the environment, at last."""

from trimtab.environment import names
from trimtab.environment.plan import Line
from trimtab.environment.remains import whose
from trimtab.setup.cluster import shown
from trimtab.setup.job import Job

RECORD = (("ConfigMap", names.ENVIRONMENT), ("Secret", names.APP), ("Lease", names.LOCK))


async def look(job: Job) -> list[Line]:
    found = await job.cluster.get("Namespace", job.env.namespace)
    if found is None:
        return []
    subject = f"Namespace {job.env.namespace}"
    if (found["metadata"].get("annotations") or {}).get(names.OWNER) != job.env.name:
        return [*await _record(job), Line("leave", subject, "it was there before")]
    if strangers := await _strangers(job):
        return [*await _record(job), Line("leave", subject, f"others' are in it: {', '.join(strangers[:4])}")]
    return [Line("delete", subject)]


async def act(job: Job) -> None:
    lines = await look(job)
    for kind, name in RECORD:
        group = "coordination.k8s.io" if kind == "Lease" else ""
        await job.cluster.delete(kind, name, group=group)
    if any(line.action == "delete" and line.subject.startswith("Namespace ") for line in lines):
        await job.cluster.delete("Namespace", job.env.namespace)
    for line in lines:
        job.terminal.done(line)


async def _strangers(job: Job) -> list[str]:
    """Applications are none: the first step takes them away, or refuses to go on."""
    found = [one for one in await job.cluster.everything() if one["kind"] != "Application"]
    others = ("stranger", "shared")
    return sorted(
        shown(one) for one in found if whose(one, environment=job.env.name, engine=job.options.engine) in others
    )


async def _record(job: Job) -> list[Line]:
    there = [kind for kind, name in RECORD[:2] if await job.cluster.get(kind, name)]
    return [Line("delete", f"{kind} {name}") for kind, name in RECORD[:2] if kind in there]
