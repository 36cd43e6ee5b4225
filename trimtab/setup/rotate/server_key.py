"""A new key that signs sessions and tokens, in the three writes of docs/login.md: accepted, signing, alone."""

import base64
import secrets

from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.model.names import ARGOCD_SECRET
from trimtab.setup.job import Job

KEY = "server.secretkey"
PREVIOUS = f"{KEY}.previous"
HEARD = 30.0
"""Seconds in which every replica hears of the new key, so that none meets a token that it cannot read."""


async def look(job: Job) -> list[Line]:
    there = await job.cluster.secret(ARGOCD_SECRET)
    if not there.get(KEY):
        raise Stalled(f"Secret {ARGOCD_SECRET} has no {KEY}: the server draws it when it starts", reason="NoServerKey")
    if job.options.retire:
        note = "sessions and API tokens that it signed count no longer"
        return [Line("delete", PREVIOUS, note)] if there.get(PREVIOUS) else []
    if there.get(PREVIOUS) and not there.get(NEXT):
        raise Stalled(
            f"{PREVIOUS} is of the rotation before: make the API tokens anew that it signed, then take it out with "
            "trimtab rotate server-key --retire",
            reason="NotRetired",
        )
    return [
        Line("change", KEY, "new sessions and tokens are signed with it"),
        Line("change", PREVIOUS, "what the old key signed goes on counting until --retire"),
    ]


NEXT = "server.secretkey.next"
"""A marker while the rotation is between its writes: nothing reads it but the next run."""


async def act(job: Job) -> None:
    if job.options.retire:
        await job.cluster.change_secret(ARGOCD_SECRET, {PREVIOUS: None})
        job.terminal.done(Line("delete", PREVIOUS))
        return
    there = await job.cluster.secret(ARGOCD_SECRET)
    new = there.get(NEXT) or base64.b64encode(secrets.token_bytes(32)).decode()
    if there[KEY] != new:
        await job.cluster.change_secret(ARGOCD_SECRET, {NEXT: new, PREVIOUS: new})
        job.terminal.say(f"Every replica hears of the new key within {HEARD:.0f} s.")
        await job.clock.sleep(HEARD)
        await job.cluster.change_secret(ARGOCD_SECRET, {KEY: new, PREVIOUS: there[KEY]})
    await job.cluster.change_secret(ARGOCD_SECRET, {NEXT: None})
    job.terminal.done(Line("change", KEY))
    job.terminal.say(
        "Sessions go over to the new key by themselves. API tokens of before count until trimtab rotate server-key "
        "--retire: make them anew until then."
    )
