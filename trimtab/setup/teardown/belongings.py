"""Whose what is in the control namespace is, found out by one look at all of it."""

from collections.abc import Mapping

from trimtab.environment import names
from trimtab.environment.remains import Whose, whose
from trimtab.model.keys import Manifest
from trimtab.setup.job import Job

RECORD = {names.ENVIRONMENT: "ConfigMap", names.APP: "Secret", names.LOCK: "Lease"}
"""Name → kind. They go last of all: a run that is interrupted has to find them."""


async def belongings(job: Job) -> Mapping[Whose, list[Manifest]]:
    """Without Applications, which are the business of the first step."""
    found: dict[Whose, list[Manifest]] = {"ours": [], "shared": [], "generated": [], "stranger": []}
    for one in await job.cluster.everything():
        if one["kind"] != "Application":
            found[whose(one, environment=job.env.name, engine=job.options.engine)].append(one)
    return found
