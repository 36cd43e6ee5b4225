"""What set-up made in the cluster, but for the namespace itself and the record of the environment."""

from collections.abc import Iterable

from trimtab.environment import names
from trimtab.environment.plan import Line
from trimtab.environment.remains import crd_names, is_marked
from trimtab.model.keys import Manifest, kind_of
from trimtab.model.names import GROUP
from trimtab.setup.cluster import shown
from trimtab.setup.job import Job
from trimtab.setup.steps.install import objects
from trimtab.setup.teardown.belongings import RECORD, belongings

RUNNING = ("Deployment", "Ingress")
DEFINITIONS = "CustomResourceDefinition"


async def look(job: Job) -> list[Line]:
    there = await belongings(job)
    lines = [Line("delete", shown(one)) for one in _going(there["ours"])]
    lines += [Line("change", shown(one), "only our keys go") for one in there["shared"]]
    lines += [Line("delete", shown(one)) for one in await _cluster_wide(job)]
    return [*lines, *await _definition_lines(job)]


async def act(job: Job) -> None:
    there = await belongings(job)
    for one in _going(there["ours"]):
        await _delete(job, one)
    for one in there["shared"]:
        await job.cluster.relinquish(one)
        job.terminal.done(Line("change", shown(one)))
    for one in await _cluster_wide(job):
        await _delete(job, one)
    for line in await _definition_lines(job):
        if line.action == "delete":
            await job.cluster.delete(DEFINITIONS, line.subject.split()[-1], group="apiextensions.k8s.io")
            job.terminal.done(line)
    job.cluster.discovery.invalidate()


def _going(ours: Iterable[Manifest]) -> list[Manifest]:
    """What runs comes first: it shall not complain about what is missing."""
    found = [one for one in ours if one["metadata"]["name"] not in RECORD]
    return sorted(found, key=lambda one: (one["kind"] not in RUNNING, one["kind"], one["metadata"]["name"]))


async def _cluster_wide(job: Job) -> list[Manifest]:
    """ClusterRoles and their bindings, where they bear the mark of this environment."""
    if job.options.engine == "argocd":
        return []
    found: list[Manifest] = []
    for one in objects(job):
        if one["kind"] not in ("ClusterRole", "ClusterRoleBinding"):
            continue
        live = await job.cluster.get(one["kind"], one["metadata"]["name"], group=kind_of(one).group)
        if live and is_marked(live, environment=job.env.name):
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
    found = await job.cluster.find_all(definition["spec"]["names"]["kind"], group=GROUP)
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
