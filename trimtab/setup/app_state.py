"""Where the GitHub App stands: is it there, and is it installed for the repository?"""

from trimtab.github.app import find_installation, get_app
from trimtab.github.errors import BadToken, NotFound
from trimtab.github.nouns import Installation
from trimtab.setup.job import Job


async def is_there(job: Job) -> bool:
    """Does GitHub know the App whose keys we have?"""
    if not job.facts.app.get("privateKey"):
        return False
    try:
        await get_app(await job.as_app())
    except (BadToken, NotFound):
        return False
    return True


async def installed(job: Job) -> Installation | None:
    """The App's installation for the repository, noted among the facts; None where it is not installed for it."""
    try:
        found = await find_installation(await job.as_app(), job.env.organization, job.env.repository)
    except NotFound:
        return None
    if found.account is None or found.account.login.lower() != job.env.organization.lower():
        return None
    job.facts.organization_id = found.account.id
    job.facts.app["installationID"] = str(found.id)
    return found
