"""What set-up registered at GitHub for the repository: the deploy key and the repository's own webhook."""

from trimtab.environment.plan import Line
from trimtab.github.hooks import delete_hook
from trimtab.github.keys import delete_key
from trimtab.github.nouns import DeployKey
from trimtab.setup.job import Job
from trimtab.setup.steps.access import key_title, registered_keys
from trimtab.setup.steps.login import oauth_app_name
from trimtab.setup.steps.webhook import own_hook


async def look(job: Job) -> list[Line]:
    return [*(await _registered(job) if job.can_ask_github else _unasked(job)), *_oauth_app(job)]


async def _registered(job: Job) -> list[Line]:
    lines = [Line("delete", f"deploy key {key.title}") for key in await _keys(job)]
    if not job.env.needs_app and await own_hook(job):
        lines.append(Line("delete", f"webhook to {job.env.webhook_url}"))
    return lines


async def act(job: Job) -> None:
    github = await job.github()
    for key in await _keys(job):
        await delete_key(github, job.env.full_name, key.id)
        job.terminal.done(Line("delete", f"deploy key {key.title}"))
    if not job.env.needs_app and (hook := await own_hook(job)):
        await delete_hook(github, job.env.full_name, hook.id)
        job.terminal.done(Line("delete", f"webhook to {job.env.webhook_url}"))


def _unasked(job: Job) -> list[Line]:
    """What may be there still, by name."""
    note = f"in {job.env.full_name}, if it is there: nobody can be asked; set GITHUB_TOKEN, or look yourself"
    found = [Line("warn", f"deploy key {key_title(job)} stays", note)] if job.env.access == "deployKey" else []
    if not job.env.needs_app:
        found.append(Line("warn", f"webhook to {job.env.webhook_url} stays", note))
    return found


def _oauth_app(job: Job) -> list[Line]:
    """GitHub has no API for those."""
    if job.env.login.type != "oauthApp":
        return []
    page = f"{job.env.web_url}/organizations/{job.env.organization}/settings/applications"
    return [Line("warn", f"OAuth app {oauth_app_name(job)} stays", f"delete it at {page}")]


async def _keys(job: Job) -> list[DeployKey]:
    """By its name, or by its private half: those of no other environment."""
    if job.env.access != "deployKey":
        return []
    return await registered_keys(job)
