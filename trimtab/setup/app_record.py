"""The GitHub App in the cluster: written the moment that GitHub gives it, since it is given once."""

from trimtab.environment.objects import app_secret
from trimtab.github.nouns import NewApp
from trimtab.setup.job import Job


async def keep_app(job: Job, **values: str) -> None:
    """Add to what is known of the App, in memory and in its Secret."""
    job.facts.app.update(values)
    await job.cluster.apply(app_secret(job.env, job.facts.app))


async def keep_new_app(job: Job, app: NewApp) -> None:
    """All of it at once."""
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
    )
