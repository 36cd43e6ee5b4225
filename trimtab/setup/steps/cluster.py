"""The namespace and the record of the environment in it; and whether this cluster can be set up at all."""

from collections.abc import Callable, Mapping

from trimtab.environment import names
from trimtab.environment.environment import Environment
from trimtab.environment.objects import environment_map
from trimtab.environment.plan import Line
from trimtab.errors import Stalled, TrimtabError
from trimtab.kube.write import create
from trimtab.model.keys import Manifest
from trimtab.setup.job import Job
from trimtab.setup.recorded import recorded
from trimtab.setup.steps.access import key_title, own_private_key

TITLE = "Cluster"
NEEDED = (
    ("create", "", "namespaces"),
    ("patch", "apiextensions.k8s.io", "customresourcedefinitions"),
    ("patch", "rbac.authorization.k8s.io", "clusterroles"),
    ("patch", "rbac.authorization.k8s.io", "clusterrolebindings"),
    ("patch", "", "secrets"),
    ("patch", "", "configmaps"),
    ("patch", "apps", "deployments"),
    ("patch", "networking.k8s.io", "ingresses"),
)
"""(verb, group, resource) that set-up cannot do without."""

FIXED: Mapping[tuple[str, ...], Callable[[Environment], str]] = {
    ("organization",): lambda env: env.organization,
    ("repository",): lambda env: env.repository,
    ("github",): lambda env: env.web_url,
    ("domain",): lambda env: env.url,
    ("login", "type"): lambda env: env.login.type,
}
"""Where in the file → what stays as long as an environment is set up."""


async def look(job: Job) -> list[Line]:
    await _refuse_another_environment(job)
    await _refuse_missing_rights(job)
    if job.options.engine == "trimtab":
        await _refuse_running_argo_cd(job)
    namespace = await job.cluster.get("Namespace", job.env.namespace)
    found = Line("keep" if namespace else "create", f"Namespace {job.env.namespace}")
    return [found, await job.cluster.difference(_record(job))]


async def act(job: Job) -> None:
    await make_namespace(job)
    job.terminal.done(await job.cluster.apply(_record(job)))


async def make_namespace(job: Job) -> None:
    """One that is there already is left alone. It is made before the lock of the others, which lies in it."""
    if await job.cluster.get("Namespace", job.env.namespace) is None:
        job.terminal.begin(TITLE)
        job.terminal.done(await job.cluster.apply(_namespace(job.env)))


def _record(job: Job) -> Manifest:
    return environment_map(job.env, job.file.text, engine=job.options.engine)


def _namespace(env: Environment) -> Manifest:
    metadata = {"name": env.namespace, "annotations": {names.OWNER: env.name}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


async def _refuse_another_environment(job: Job) -> None:
    try:
        there = await recorded(job.cluster)
    except TrimtabError:
        return  # of another version, or broken by hand: it is written anew
    if there is not None and there.file.env.name != job.env.name:
        raise Stalled(
            f"namespace {job.env.namespace} of this cluster holds environment {there.file.env.name}: write another "
            "install.namespace, or reverse that one with trimtab teardown",
            reason="AnotherEnvironment",
        )
    if there is not None:
        _refuse_moved(job, there.file.env)
        await _refuse_key_left_behind(job, there.file.env)


def _refuse_moved(job: Job, before: Environment) -> None:
    """What lies there would be forgotten: keys, hooks, an App that leads back to another address."""
    for path, value in FIXED.items():
        if value(before) != value(job.env):
            raise Stalled(
                f"{job.file.at(*path)}: {value(job.env)} was {value(before)} when {job.env.name} was set up: set it "
                "back, or reverse the set-up first with trimtab teardown",
                reason="Moved",
            )


async def _refuse_key_left_behind(job: Job, before: Environment) -> None:
    """A GitHub App that fetches has no right to take a deploy key away. Where the organization forbade the key there is
    none, and nothing stands in the way.
    """
    if (before.access, job.env.access) == ("deployKey", "githubApp") and await own_private_key(job, before):
        raise Stalled(
            f"{job.file.at('access')}: deploy key {key_title(job)} would be left at GitHub: set it back to deployKey, "
            "or reverse the set-up first with trimtab teardown",
            reason="Moved",
        )


async def _refuse_missing_rights(job: Job) -> None:
    missing = [need for need in NEEDED if not await _may(job, *need)]
    if missing:
        words = ", ".join(f"{verb} {resource}" for verb, _, resource in missing)
        raise Stalled(
            f"your account in the cluster may not {words}: ask for cluster-admin for the time of the set-up",
            reason="MissingRights",
        )


async def _may(job: Job, verb: str, group: str, resource: str) -> bool:
    asked = {"verb": verb, "group": group, "resource": resource, "namespace": job.env.namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "metadata": {},
        "spec": {"resourceAttributes": asked},
    }
    kind = await job.cluster.discovery.find("authorization.k8s.io", "SelfSubjectAccessReview")
    answer = await create(job.cluster.transport, kind, review, field_manager=names.FIELD_MANAGER)
    return bool(answer.get("status", {}).get("allowed"))


async def _refuse_running_argo_cd(job: Job) -> None:
    """Two that keep the same Applications on course would fight."""
    for kind in ("StatefulSet", "Deployment"):
        for found in await job.cluster.find_all(kind, group="apps", selector=f"{names.PART_OF}=argocd"):
            name, namespace = found["metadata"]["name"], found["metadata"]["namespace"]
            labels = found["metadata"].get("labels") or {}
            ours = str(labels.get("app.kubernetes.io/name", "")).startswith("trimtab")
            if not ours and (found.get("spec") or {}).get("replicas", 1):
                raise Stalled(
                    f"Argo CD runs in this cluster ({kind} {namespace}/{name}). To take over, stop it: kubectl -n "
                    f"{namespace} scale deployment,statefulset -l {names.PART_OF}=argocd --replicas=0; or set it up "
                    "instead with --engine argocd",
                    reason="ArgoCDRuns",
                )
