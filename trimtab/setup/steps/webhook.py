"""GitHub tells the server of pushes: through the App, or by a hook of the repository. Polling stays on besides."""

from trimtab.environment import names
from trimtab.environment.plan import Line
from trimtab.github.hooks import create_hook, get_app_hook, list_hooks, set_app_hook, update_hook
from trimtab.github.nouns import Hook
from trimtab.setup.job import Job


async def look(job: Job) -> list[Line]:
    subject = f"webhook to {job.env.webhook_url}"
    if not job.can_ask_github:
        return [Line("create", subject, "through the GitHub App" if job.env.needs_app else "")]
    if job.env.needs_app:
        if not job.installed:
            return [Line("create", subject, "through the GitHub App")]
        kept = (await get_app_hook(await job.as_app())).url == job.env.webhook_url
        return [Line("keep" if kept and not _is_drawn(job) else "change", subject)]
    hook = await own_hook(job)
    if hook is None:
        return [Line("create", subject)]
    return [Line("keep" if _is_good(job, hook) else "change", subject)]


async def act(job: Job) -> None:
    secret = job.facts.secrets[names.WEBHOOK_SECRET]
    if job.env.needs_app:
        await set_app_hook(await job.as_app(), url=job.env.webhook_url, secret=secret)
        job.terminal.done(Line("change", f"webhook to {job.env.webhook_url}"))
        return
    github, hook = await job.github(), await own_hook(job)
    if hook is None:
        await create_hook(github, job.env.full_name, url=job.env.webhook_url, secret=secret)
    else:
        await update_hook(github, job.env.full_name, hook.id, url=job.env.webhook_url, secret=secret)
    job.terminal.done(Line("change" if hook else "create", f"webhook to {job.env.webhook_url}"))


async def own_hook(job: Job) -> Hook | None:
    """The repository's hook that leads to this environment."""
    hooks = await list_hooks(await job.github(), job.env.full_name)
    return next((hook for hook in hooks if hook.config.url == job.env.webhook_url), None)


def _is_good(job: Job, hook: Hook) -> bool:
    """Active, of pushes, and signed with what the cluster knows."""
    return hook.active and "push" in hook.events and not _is_drawn(job)


def _is_drawn(job: Job) -> bool:
    """A secret that was drawn in this run GitHub cannot have."""
    return names.WEBHOOK_SECRET in job.facts.drawn
