"""What set-up registered at GitHub for the repository: the deploy key and the repository's own webhook."""

from trimtab.environment.objects import repository_secret_name
from trimtab.environment.plan import Line
from trimtab.github.hooks import delete_hook
from trimtab.github.keys import delete_key, list_keys
from trimtab.github.nouns import DeployKey
from trimtab.setup.job import Job
from trimtab.setup.ssh_key import public_half, same_key
from trimtab.setup.steps.access import key_title
from trimtab.setup.steps.webhook import own_hook


async def look(job: Job) -> list[Line]:
    job.facts.cluster_id = await job.cluster.identity()
    if not job.can_ask_github:
        return [Line("warn", "GitHub is not asked", "no token: set GITHUB_TOKEN, or its keys and hooks stay")]
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


async def _keys(job: Job) -> list[DeployKey]:
    """By its name, or by its private half: those of no other environment."""
    if job.env.access != "deployKey":
        return []
    private = (await job.cluster.secret(repository_secret_name(job.env))).get("sshPrivateKey", "")
    public, title = public_half(private), key_title(job)
    registered = await list_keys(await job.github(), job.env.full_name)
    return [key for key in registered if key.title == title or same_key(public, key.key)]
