"""Trimtab itself in the cluster; or, for upstream Argo CD, what it needs to know behind an ingress."""

from trimtab.environment import names
from trimtab.environment.objects import certificates_map, parameters_map
from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.kube.discovery import UnknownKind
from trimtab.manifests import InstallOptions, install_objects
from trimtab.model.keys import Manifest, kind_of
from trimtab.model.names import GROUP
from trimtab.setup.cluster import shown
from trimtab.setup.job import Job
from trimtab.setup.waiting import wait_until

DEPLOYMENT = "trimtab"
SERVER = "argocd-server"
LOOK_AGAIN = 1.0


async def look(job: Job) -> list[Line]:
    if job.options.engine == "argocd":
        if await job.cluster.get("Deployment", SERVER, group="apps") is None:
            raise Stalled(
                f"--engine argocd configures an Argo CD that is there, and namespace {job.env.namespace} has none: "
                "install it first, or leave the option out",
                reason="NoArgoCD",
            )
    elif not job.env.install.image:
        raise Stalled(
            f"{job.file.at('install', 'image')}: is missing: build the image with make image, push it to a registry, "
            "and name it here",
            reason="NoImage",
        )
    return [await _left(job, one) or await job.cluster.difference(one) for one in objects(job)]


async def act(job: Job) -> None:
    for one in objects(job):
        line = await _left(job, one) or await job.cluster.apply(one)
        if line.action != "keep":
            job.terminal.done(line)
    if job.options.engine == "trimtab":
        await _served(job)
        await _rolled_out(job)
    else:
        job.terminal.say(f"Restart {SERVER}, which reads {names.PARAMETERS} only when it starts.")


def objects(job: Job) -> list[Manifest]:
    """Everything that is installed, in the order of installation."""
    certificates = [certificates_map(job.env)] if job.env.github.ca else []
    if job.options.engine == "argocd":
        return [*certificates, parameters_map(job.env)]
    options = InstallOptions(
        namespace=job.env.namespace,
        image=job.env.install.image,
        replicas=job.env.install.replicas,
        insecure=True,
        trusted_proxies=job.env.ingress.trusted_proxies,
        annotations={names.OWNER: job.env.name},
    )
    # The namespace is the first step's, which leaves one alone that was there before.
    return [*certificates, *(one for one in install_objects(options) if one["kind"] != "Namespace")]


async def _left(job: Job, manifest: Manifest) -> Line | None:
    """Said of a ClusterRole whose rules somebody has narrowed: it stays as it is, since they meant it."""
    if manifest["kind"] != "ClusterRole":
        return None
    live = await job.cluster.get("ClusterRole", manifest["metadata"]["name"], group=kind_of(manifest).group)
    if live is None or live.get("rules") == manifest["rules"]:
        return None
    entries = live["metadata"].get("managedFields") or ()
    others = {entry.get("manager") for entry in entries if "f:rules" in (entry.get("fieldsV1") or {})}
    if others <= {names.FIELD_MANAGER}:
        return None
    return Line("leave", shown(manifest), f"its rules are as {', '.join(sorted(map(str, others)))} wrote them")


async def _served(job: Job) -> None:
    """A kind whose definition was applied just now is served a moment later. Raises Stalled when it never is."""
    until = job.clock.monotonic() + job.options.patience
    while True:
        try:
            await job.cluster.discovery.find(GROUP, "Application")
        except UnknownKind:
            if job.clock.monotonic() > until:
                raise
            job.cluster.discovery.invalidate()
            await job.clock.sleep(LOOK_AGAIN)
        else:
            return


async def _rolled_out(job: Job) -> None:
    """Wait until the wanted replicas are ready. Raises Stalled with what the Deployment says."""
    job.terminal.say(f"Waiting for Deployment {DEPLOYMENT}: pods have to be ready.")

    async def ready() -> bool:
        return _is_ready(await job.cluster.get("Deployment", DEPLOYMENT, group="apps") or {})

    late = Stalled(
        f"Deployment {job.env.namespace}/{DEPLOYMENT} has no ready pods after {job.options.patience:.0f} s: "
        f"see kubectl -n {job.env.namespace} describe pods, mend it and run this again",
        reason="NotReady",
    )
    await wait_until(job, ready, within=job.options.patience, every=LOOK_AGAIN, otherwise=late)


def _is_ready(deployment: Manifest) -> bool:
    status = deployment.get("status") or {}
    wanted = (deployment.get("spec") or {}).get("replicas", 1)
    current = status.get("observedGeneration", 0) >= (deployment.get("metadata") or {}).get("generation", 1)
    return bool(deployment) and current and status.get("readyReplicas", 0) >= wanted
