"""The environment's folders in the repository: set-up's own files go, everybody else's stay."""

from trimtab.environment.folders import folder_files
from trimtab.environment.plan import Line
from trimtab.github.contents import Files, commit_files, compare_files, propose_files
from trimtab.setup.job import Job
from trimtab.setup.steps.folders import open_proposal, proposal


def applies(job: Job) -> bool:
    return job.env.changes != "none"


async def look(job: Job) -> list[Line]:
    if not job.can_ask_github:
        return []
    if pull := await _unmerged(job):
        return [Line("warn", f"pull request {pull} stays", "it was not merged: close it")]
    going = await _going(job)
    how = "by a pull request" if job.env.changes == "pullRequest" else ""
    left = "a person has changed it, or removed it"
    paths = sorted(folder_files(job.env))
    return [Line("delete", path, how) if path in going else Line("leave", path, left) for path in paths]


async def act(job: Job) -> None:
    github, gone = await job.github(), await _going(job)
    message = f"Remove the folders of environment {job.env.name}"
    if job.env.changes == "pullRequest":
        pull = await propose_files(github, job.env.full_name, proposal(job, message, gone))
        if pull is not None:
            job.terminal.say(f"Merge {pull.html_url}: the folders are there until then.")
            job.terminal.done(Line("create", f"pull request {pull.html_url}"))
        return
    commit = await commit_files(github, job.env.full_name, branch=job.env.branch, files=gone, message=message)
    if commit:
        job.terminal.done(Line("delete", ", ".join(sorted(gone)), f"commit {commit[:7]}"))


async def _going(job: Job) -> Files:
    """The files that are as set-up wrote them."""
    wanted = folder_files(job.env)
    base = await compare_files(await job.github(), job.env.full_name, branch=job.env.branch, files=wanted)
    return {path: None for path in wanted if path not in base.differing}


async def _unmerged(job: Job) -> str:
    """The page of set-up's own pull request, while it is open."""
    pull = await open_proposal(job) if job.env.changes == "pullRequest" else None
    return pull.html_url if pull else ""
