"""Can what an Application names be had? Its cluster, its project's leave, its repositories and the paths in them."""

import asyncio

from trimtab.access.project import application_refusals
from trimtab.errors import TrimtabError
from trimtab.model.application import ApplicationSource
from trimtab.server.served import Served
from trimtab.server.writing.application import Wanted, invalid, invalid_destination
from trimtab.server.writing.effective import limits_in_force

SECONDS = 20.0
"""How long all repositories of an Application together may take to answer."""


def check_permitted(served: Served, wanted: Wanted) -> None:
    """Does the cluster exist, does the project, and does it permit all of this? Raises Failure (400)."""
    name, spec = wanted.key.name, wanted.spec
    try:
        served.world.clusters.find(spec.destination)
        limits = limits_in_force(served, spec.project, spec.destination)
    except TrimtabError as error:
        raise invalid_destination(name, error.message) from error
    if limits is None:
        raise invalid(name, f"application references project {spec.project} which does not exist")
    app = wanted.as_application()
    if refusals := application_refusals(app, spec.all_sources(), limits, control=served.namespace):
        raise invalid(name, "; ".join(refusals))


async def check_reachable(served: Served, wanted: Wanted) -> None:
    """Do the repositories answer, and have they the revisions and paths? Raises Failure (400)."""
    fetched = [source for source in wanted.spec.all_sources() if is_git(source)]
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*(_fetch(served, source, wanted.spec.project) for source in fetched))
    except TrimtabError as error:
        raise invalid(wanted.key.name, error.message) from error
    except TimeoutError as error:
        hint = "try again, or pass validate=false"
        raise invalid(wanted.key.name, f"a repository did not answer within {SECONDS:g} s; {hint}") from error


def is_git(source: ApplicationSource) -> bool:
    """Charts and OCI artifacts are looked for when they are rendered."""
    return not source.chart and not source.repo_url.startswith("oci://")


async def _fetch(served: Served, source: ApplicationSource, project: str) -> None:
    access = await served.world.repositories.access(source.repo_url, project=project)
    await served.world.sources.checkout(access, source.target_revision, source.path, tag_prefix=source.tag_prefix)
