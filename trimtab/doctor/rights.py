"""What the service accounts may do, as the API server says."""

import asyncio

from trimtab.doctor.facts import Facts
from trimtab.environment.findings.finding import Finding
from trimtab.environment.findings.rights import Right, judge_rights, rights_of
from trimtab.kube import write
from trimtab.kube.resource import Resource

AT_ONCE = 8


async def rights(facts: Facts) -> list[Finding]:
    """Each thing that the manifests grant, asked for by the name of the service account."""
    asked = rights_of(facts.installed)
    resource = await facts.discovery.find("authorization.k8s.io", "SubjectAccessReview")
    slots = asyncio.Semaphore(AT_ONCE)
    allowed = await asyncio.gather(*(_allowed(facts, resource, right, slots) for right in asked))
    return judge_rights(asked, [right for right, may in zip(asked, allowed, strict=True) if not may])


async def _allowed(facts: Facts, resource: Resource, right: Right, slots: asyncio.Semaphore) -> bool:
    async with slots:
        answer = await write.create(facts.transport, resource, right.review, field_manager="trimtab-doctor")
    return (answer.get("status") or {}).get("allowed") is True
