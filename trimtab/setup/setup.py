"""Setting up an environment: look at everything, show the plan, ask, act step by step."""

from collections.abc import Sequence
from typing import Literal

from trimtab.environment.plan import Plan, StepPlan
from trimtab.kube import fence
from trimtab.setup.app_state import look_up
from trimtab.setup.job import Job
from trimtab.setup.lock import locked
from trimtab.setup.rotate import ROTATIONS
from trimtab.setup.step import Act, Step, nothing
from trimtab.setup.steps import STEPS as SET_UP
from trimtab.setup.steps.cluster import make_namespace
from trimtab.setup.teardown import STEPS as TEARDOWN

Outcome = Literal["nothing", "planned", "refused", "done"]
"""There was nothing to do; it was only shown; the person said no; it is done."""


async def set_up(job: Job, *, dry_run: bool = False, agreed: bool = False) -> Outcome:
    """Make the environment what its file says. `agreed`: nobody is asked.

    Running it again does what an interrupted run left undone, and nothing else. Raises TrimtabErrors: those of a look
    come before anything is written.
    """
    return await _carried(job, SET_UP, dry_run=dry_run, agreed=agreed, first=make_namespace)


async def tear_down(job: Job, *, dry_run: bool = False, agreed: bool = False) -> Outcome:
    """Reverse it, as `set_up` goes about it."""
    return await _carried(job, TEARDOWN, dry_run=dry_run, agreed=agreed)


async def rotate(job: Job, what: str, *, dry_run: bool = False, agreed: bool = False) -> Outcome:
    """Replace one of `ROTATIONS`, as `set_up` goes about it."""
    return await _carried(job, [ROTATIONS[what]], dry_run=dry_run, agreed=agreed)


async def _carried(job: Job, steps: Sequence[Step], *, dry_run: bool, agreed: bool, first: Act = nothing) -> Outcome:
    """Show what the steps would do, ask, and do it. `first`: what the Lease itself needs."""
    outcome, mine = await _agreed(job, steps, dry_run=dry_run, agreed=agreed)
    if outcome == "done":
        await first(job)
        await _under_lock(job, mine)
    if outcome == "refused":
        job.terminal.say("Nothing was done.")
    return outcome


async def _agreed(job: Job, steps: Sequence[Step], *, dry_run: bool, agreed: bool) -> tuple[Outcome, Sequence[Step]]:
    """The steps that apply, after their plan was shown; "done" if they are to be carried out now."""
    await look_up(job)
    mine = [step for step in steps if step.applies(job)]
    plan = Plan(tuple([await planned(step, job) for step in mine]))
    job.terminal.show(plan)
    if not plan.acts:
        return "nothing", mine
    if dry_run:
        return "planned", mine
    if not agreed and not await job.terminal.confirm("Carry this out?"):
        return "refused", mine
    return "done", mine


async def _under_lock(job: Job, steps: Sequence[Step]) -> None:
    async with locked(job):
        # Another run may have ended while a person was reading the plan.
        await job.recall()
        await look_up(job)
        for step in steps:
            fence.check(step.title)
            await carry_out(step, job)


async def planned(step: Step, job: Job) -> StepPlan:
    """What the step would do."""
    return StepPlan(step.name, step.title, tuple(await step.look(job)))


async def carry_out(step: Step, job: Job) -> None:
    """Look again, since earlier steps have changed the world, and act if there is anything to do."""
    if (await planned(step, job)).acts:
        job.terminal.begin(step.title)
        await step.act(job)
