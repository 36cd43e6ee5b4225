"""A new secret of the webhook: the servers accept it beside the old one before GitHub signs with it."""

import secrets

from trimtab.environment import names
from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.github.hooks import get_app_hook, set_app_hook, update_hook
from trimtab.model.names import ARGOCD_SECRET
from trimtab.setup.app_record import keep_app
from trimtab.setup.job import Job
from trimtab.setup.steps.webhook import own_hook

PREVIOUS = f"{names.WEBHOOK_SECRET}.previous"
HEARD = 5.0
"""Seconds in which every replica hears of a change of argocd-secret."""
GRACE = 30.0
"""Seconds in which deliveries that GitHub signed before the switch arrive."""


async def look(job: Job) -> list[Line]:
    await _refuse_missing_hook(job)
    return [
        Line("change", f"Secret {ARGOCD_SECRET}", f"{names.WEBHOOK_SECRET}; both count until GitHub has the new one"),
        Line("change", f"webhook to {job.env.webhook_url}"),
    ]


async def act(job: Job) -> None:
    there = await job.cluster.secret(ARGOCD_SECRET)
    new, old = there.get(names.WEBHOOK_SECRET, ""), there.get(PREVIOUS, "")
    if not old:
        new, old = secrets.token_hex(32), new
        await job.cluster.change_secret(ARGOCD_SECRET, {names.WEBHOOK_SECRET: new, PREVIOUS: old or None})
    if job.env.needs_app:
        await keep_app(job, webhookSecret=new)
    job.terminal.done(Line("change", f"Secret {ARGOCD_SECRET}"))
    await job.clock.sleep(HEARD)
    await _switch(job, new)
    job.terminal.done(Line("change", f"webhook to {job.env.webhook_url}"))
    job.terminal.say(f"The old secret counts for {GRACE:.0f} s more, for deliveries that are under way.")
    await job.clock.sleep(GRACE)
    await job.cluster.change_secret(ARGOCD_SECRET, {PREVIOUS: None})


async def _switch(job: Job, secret: str) -> None:
    if job.env.needs_app:
        await set_app_hook(await job.as_app(), url=job.env.webhook_url, secret=secret)
    elif hook := await own_hook(job):
        await update_hook(await job.github(), job.env.full_name, hook.id, url=job.env.webhook_url, secret=secret)


async def _refuse_missing_hook(job: Job) -> None:
    if job.env.needs_app:
        found = (await get_app_hook(await job.as_app())).url == job.env.webhook_url
    else:
        found = await own_hook(job) is not None
    if not found:
        raise Stalled(f"GitHub has no webhook to {job.env.webhook_url}: run trimtab setup first", reason="NoWebhook")
