"""What set-up made in the cluster, but for the namespace itself and the record of the environment."""

from trimtab.environment import names
from trimtab.environment.plan import Line
from trimtab.environment.remains import crd_names, whose
from trimtab.kube.discovery import UnknownKind
from trimtab.model.keys import Manifest, kind_of
from trimtab.model.names import GROUP
from trimtab.setup.cluster import shown
from trimtab.setup.job import Job
from trimtab.setup.steps.install import objects

RECORD = (names.ENVIRONMENT, names.APP, names.LOCK)
"""Last of all: a run that is interrupted has to find them."""
RUNNING = ("Deployment", "Ingress")
DEFINITIONS = "CustomResourceDefinition"


async def look(job: Job) -> list[Line]:
    lines = [Line("delete", shown(one)) for one in await _ours(job)]
    lines += [Line("change", shown(one), "only our keys go") for one in await _shared(job)]
    lines += [Line("delete", shown(one)) for one in await _cluster_wide(job)]
    return [*lines, *await _definition_lines(job)]


async def act(job: Job) -> None:
    for one in await _ours(job):
        await _delete(job, one)
    for one in await _shared(job):
        await job.cluster.relinquish(one)
        job.terminal.done(Line("change", shown(one)))
    for one in await _cluster_wide(job):
        await _delete(job, one)
    for line in await _definition_lines(job):
        if line.action == "delete":
            await job.cluster.delete(DEFINITIONS, line.subject.split()[-1], group="apiextensions.k8s.io")
            job.terminal.done(line)
    job.cluster.discovery.invalidate()


async def _ours(job: Job) -> list[Manifest]:
    """What runs comes first: it shall not complain about what is missing."""
    found = [one for one in await _of(job, "ours") if one["metadata"]["name"] not in RECORD]
    found = [one for one in found if one["kind"] != "Application"]
    return sorted(found, key=lambda one: (one["kind"] not in RUNNING, one["kind"], one["metadata"]["name"]))


async def _shared(job: Job) -> list[Manifest]:
    """Those that hold keys of ours still: once relinquished, our mark is gone from them, too."""
    return await _of(job, "shared")


async def _of(job: Job, wanted: str) -> list[Manifest]:
    found = await job.cluster.everything()
    return [one for one in found if whose(one, environment=job.env.name, engine=job.options.engine) == wanted]


async def _cluster_wide(job: Job) -> list[Manifest]:
    """ClusterRoles and their bindings, where they bear the mark of this environment."""
    if job.options.engine == "argocd":
        return []
    found: list[Manifest] = []
    for one in objects(job):
        if one["kind"] not in ("ClusterRole", "ClusterRoleBinding"):
            continue
        live = await job.cluster.get(one["kind"], one["metadata"]["name"], group=kind_of(one).group)
        if live and (live["metadata"].get("annotations") or {}).get(names.OWNER) == job.env.name:
            found.append(one)
    return found


async def _definition_lines(job: Job) -> list[Line]:
    """With a definition go all its objects in all namespaces: it goes only when set-up made it and nobody uses it."""
    if job.options.engine == "argocd":
        return []
    lines = []
    for name in crd_names():
        live = await job.cluster.get(DEFINITIONS, name, group="apiextensions.k8s.io")
        if live is None:
            continue
        subject = f"{DEFINITIONS} {name}"
        if not _made_by_setup(live):
            lines.append(Line("leave", subject, "it was there before"))
        elif users := await _users(job, live):
            lines.append(Line("leave", subject, f"used in {', '.join(users[:3])}"))
        else:
            lines.append(Line("delete", subject))
    return lines


async def _users(job: Job, definition: Manifest) -> list[str]:
    """Other namespaces with objects of that kind."""
    try:
        found = await job.cluster.find_all(definition["spec"]["names"]["kind"], group=GROUP)
    except UnknownKind:
        return []
    return sorted({one["metadata"]["namespace"] for one in found} - {job.env.namespace})


def _made_by_setup(manifest: Manifest) -> bool:
    """Nobody but set-up and the API server itself has written it."""
    managers = {
        entry.get("manager")
        for entry in manifest["metadata"].get("managedFields") or ()
        if entry.get("subresource") != "status"
    }
    return managers == {names.FIELD_MANAGER}


async def _delete(job: Job, manifest: Manifest) -> None:
    metadata = manifest["metadata"]
    await job.cluster.delete(
        manifest["kind"], metadata["name"], group=kind_of(manifest).group, namespace=metadata.get("namespace")
    )
    job.terminal.done(Line("delete", shown(manifest)))
