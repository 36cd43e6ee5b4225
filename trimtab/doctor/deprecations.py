"""What is declared, or asked for, in versions of Kubernetes' API that end."""

import re

from trimtab.doctor.facts import Facts
from trimtab.environment.findings.deprecations import CHECK, Declared, judge_declared, judge_requested
from trimtab.environment.findings.finding import Finding
from trimtab.errors import Stalled
from trimtab.kube.errors import ApiError
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP

SECONDS = 30.0


async def deprecations(facts: Facts) -> list[Finding]:
    """Against the next minor version of the cluster."""
    version = await facts.discovery.version()
    found = re.match(r"v?1\.(\d+)", version)
    if found is None:
        raise Stalled(f"the version of the API server is none: {version}", reason="UnknownVersion")
    minor = int(found[1])
    declared = [one for app in await facts.objects("Application", group=GROUP) for one in _declared(app)]
    return [*judge_declared(declared, minor=minor), *await _requested(facts, minor)]


def _declared(app: Manifest) -> list[Declared]:
    """The status names the objects of the last look, each in the version that Git gives it."""
    resources = (app.get("status") or {}).get("resources") or []
    return [
        Declared(
            api_version="/".join(filter(None, [one.get("group"), one.get("version")])),
            kind=one.get("kind", ""),
            name=one.get("name", ""),
            origin=app["metadata"]["name"],
        )
        for one in resources
    ]


async def _requested(facts: Facts, minor: int) -> list[Finding]:
    try:
        raw = await facts.transport.request("GET", "/metrics", accept="text/plain", timeout=SECONDS)
    except ApiError as error:
        message = f"who asks for deprecated versions is not seen: {error.message}"
        fix = "look with an account that may get /metrics of the API server"
        return [Finding(check=CHECK, subject="requests", level="ok", message=message, fix=fix)]
    return judge_requested(raw.decode(errors="replace"), minor=minor)
