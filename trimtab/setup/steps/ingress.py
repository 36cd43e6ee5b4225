"""The Ingress of the UI."""

from trimtab.environment.ingress import ingress
from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.setup.job import Job


async def look(job: Job) -> list[Line]:
    await _refuse_unknown_class(job)
    return [await job.cluster.difference(ingress(job.env))]


async def act(job: Job) -> None:
    job.terminal.done(await job.cluster.apply(ingress(job.env)))


async def _refuse_unknown_class(job: Job) -> None:
    wanted = job.env.ingress.class_name
    if not wanted or await job.cluster.get("IngressClass", wanted, group="networking.k8s.io"):
        return
    there = [one["metadata"]["name"] for one in await job.cluster.find_all("IngressClass", group="networking.k8s.io")]
    words = f"there are: {', '.join(sorted(there))}" if there else "it has none: install an ingress controller first"
    where = job.file.at("ingress", "class")
    raise Stalled(f"{where}: the cluster has no IngressClass {wanted}; {words}", reason="NoIngressClass")
