"""Where the GitHub App stands: is it there, and is it installed for the repository?"""

from trimtab.errors import Stalled
from trimtab.github.app import find_installation, get_app
from trimtab.github.errors import BadToken, NotFound
from trimtab.github.nouns import Installation
from trimtab.setup.job import Job


async def look_up(job: Job) -> None:
    """Have the facts say how the App stands at GitHub, where people may have uninstalled or deleted it meanwhile."""
    if not await is_there(job):
        if job.facts.app.get("privateKey"):
            job.facts.app.clear()
    elif await installed(job) is None:
        job.facts.app.pop("installationID", None)


async def is_there(job: Job) -> bool:
    """Does GitHub know the App whose keys we have? Raises Stalled where it knows it, by another key."""
    if not job.facts.app.get("privateKey"):
        return False
    try:
        await get_app(await job.as_app())
    except NotFound:
        return False
    except BadToken as error:
        slug, url = job.facts.app.get("slug", ""), job.facts.app.get("url", "")
        raise Stalled(
            f"GitHub does not accept the key of the GitHub App {slug}: set this machine's clock right; if somebody has "
            f"removed the key, delete the App ({url}) and run this again",
            reason="AppKeyRefused",
        ) from error
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
    job.facts.granted = dict(found.permissions)
    job.facts.app["installationID"] = str(found.id)
    return found
