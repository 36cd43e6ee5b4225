"""The GitHub App in the cluster: written the moment that GitHub gives it, since it is given once."""

from urllib.parse import urlsplit

from trimtab.environment.objects import app_secret
from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.github.nouns import NewApp
from trimtab.setup.job import Job

NEW_APP = "app"
"""Among what was drawn in a run: its App was made just now."""


async def keep_app(job: Job, **values: str) -> None:
    """Add to what is known of the App, in memory and in its Secret."""
    job.facts.app.update(values)
    await job.cluster.apply(app_secret(job.env, job.facts.app))


async def keep_new_app(job: Job, app: NewApp, *, page_port: int) -> None:
    """All of it at once, in place of the name of one that was only begun. `page_port`: where it sends browsers back to,
    for as long as it lives.
    """
    job.facts.app.clear()
    job.facts.drawn[NEW_APP] = app.slug
    await keep_app(
        job,
        id=str(app.id),
        slug=app.slug,
        clientID=app.client_id,
        clientSecret=app.client_secret,
        webhookSecret=app.webhook_secret or "",
        privateKey=app.pem,
        owner=app.owner.login,
        url=app.html_url,
        pagePort=str(page_port),
    )


def refuse_strange(job: Job, app: NewApp) -> None:
    """Raises Stalled for an App that is somebody else's: its key would be theirs, too."""
    if app.owner.login.lower() != job.env.organization.lower():
        raise Stalled(
            f"GitHub App {app.slug} belongs to {app.owner.login}, not to {job.env.organization}: it is not used",
            reason="OthersApp",
        )


def installation_page(job: Job) -> str:
    """Where the App is installed. Raises Stalled where that is not on the GitHub of the environment: a browser is sent
    there.
    """
    url = job.facts.app["url"]
    there, known = urlsplit(url), urlsplit(job.env.web_url)
    if (there.scheme, there.netloc.lower()) != (known.scheme, known.netloc.lower()):
        raise Stalled(
            f"{job.file.at('github', 'url')}: GitHub says that its pages are at {there.netloc}, not at "
            f"{known.netloc}: correct it",
            reason="OtherGitHub",
        )
    return f"{url}/installations/new"


def begun(job: Job) -> list[Line]:
    """That a run was interrupted after GitHub had made the App, maybe, and before its keys were here."""
    name = job.facts.app.get("name", "")
    if not name:
        return []
    note = f"a run was interrupted before its keys were here. If it is there, delete it: {deletion_page(job, name)}"
    return [Line("warn", f"GitHub App {name} may be there already", note)]


def deletion_page(job: Job, name: str, *, owner: str = "") -> str:
    """Where an owner deletes an App. `name`: its name or slug."""
    slug = name.lower().replace(" ", "-")
    return f"{job.env.web_url}/organizations/{owner or job.env.organization}/settings/apps/{slug}/advanced"
