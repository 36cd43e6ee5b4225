"""What runs of our own parts, against what is declared."""

from trimtab import __version__
from trimtab.doctor.facts import Facts
from trimtab.doctor.outside import told_version
from trimtab.environment.findings.finding import Finding
from trimtab.environment.findings.versions import DEPLOYMENT, judge_deployment, judge_server
from trimtab.environment.names import PART_OF


async def versions(facts: Facts) -> list[Finding]:
    """Deployment, Pods, and the server where it answers."""
    env = facts.env
    deployments = {
        one["metadata"]["name"]: one
        for one in await facts.objects("Deployment", group="apps", selector=f"{PART_OF}=argocd")
    }
    pods = await facts.objects("Pod", selector=f"app.kubernetes.io/name={DEPLOYMENT}")
    found = judge_deployment(deployments, pods, image=env.install.image, replicas=env.install.replicas)
    told = await told_version(env)
    return [*found, *([judge_server(env.url, told, expected=__version__)] if told else [])]
