"""A new deploy key: registered beside the old one and proven by a fetch, before the cluster uses it."""

from trimtab.clock import rfc3339
from trimtab.controller.repositories import FRESH_SECONDS
from trimtab.environment import names
from trimtab.environment.objects import deploy_key_secret, next_key_secret, repository_secret_name
from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.github.keys import add_key, delete_key, list_keys
from trimtab.setup.job import Job
from trimtab.setup.ssh_key import new_key, public_half, same_key
from trimtab.setup.steps.access import fetched_with, key_title, registered_keys, strangers_secret

GRACE = FRESH_SECONDS + 15.0
"""Seconds until no fetch begins with the old key any more: the controller reads credentials anew, and connects."""


async def look(job: Job) -> list[Line]:
    if job.env.access != "deployKey":
        raise Stalled(
            f"environment {job.env.name} reads its repository as a GitHub App: its tokens are renewed every hour",
            reason="NoDeployKey",
        )
    if stranger := await strangers_secret(job):
        raise Stalled(
            f"Secret {stranger}, which gives access to the repository, is not of trimtab setup: rotate it where it was "
            "made, or delete it and run trimtab setup",
            reason="OthersSecret",
        )
    title = key_title(job)
    return [
        Line("create", f"deploy key {title}", "ed25519, may only read; proven by a fetch"),
        Line("change", f"Secret {repository_secret_name(job.env)}", "sshPrivateKey"),
        *(Line("delete", f"deploy key {key.title}", f"of {key.created_at}") for key in await registered_keys(job)),
    ]


async def act(job: Job) -> None:
    github = await job.github()
    private = await _next_key(job)
    public = public_half(private)
    if not any(same_key(public, key.key) for key in await list_keys(github, job.env.full_name)):
        await add_key(github, job.env.full_name, title=key_title(job), key=public)
    job.terminal.done(Line("create", f"deploy key {key_title(job)}"))
    await fetched_with(job, private)
    created = {
        names.CREATED_BY: job.facts.person or "trimtab rotate",
        names.CREATED_AT: rfc3339(job.clock.now()),
    }
    job.terminal.done(await job.cluster.apply(deploy_key_secret(job.env, private, created=created)))
    job.terminal.say(f"The old key is kept for {GRACE:.0f} s, for fetches that are under way.")
    await job.clock.sleep(GRACE)
    for key in await registered_keys(job):
        if not same_key(public, key.key):
            await delete_key(github, job.env.full_name, key.id)
            job.terminal.done(Line("delete", f"deploy key {key.title}"))
    await job.cluster.delete("Secret", names.NEXT_KEY)


async def _next_key(job: Job) -> str:
    """Kept in the cluster before GitHub hears of it, so that no run leaves a key behind that nobody holds."""
    there = (await job.cluster.secret(names.NEXT_KEY)).get("sshPrivateKey", "")
    if not there:
        there = new_key().private
        await job.cluster.apply(next_key_secret(job.env, there))
    return there
