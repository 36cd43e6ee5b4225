"""The environment's folders in the repository: set-up's own files go, everybody else's stay."""

from trimtab.environment.folders import folder_files
from trimtab.environment.plan import Line
from trimtab.github.contents import commit_files, compare_files
from trimtab.setup.job import Job


def applies(job: Job) -> bool:
    return job.env.changes != "none"


async def look(job: Job) -> list[Line]:
    if not job.can_ask_github:
        return []
    wanted = folder_files(job.env)
    base = await compare_files(await job.github(), job.env.full_name, branch=job.env.branch, files=wanted)
    note = "a person has changed it, or removed it"
    return [Line("leave", path, note) if path in base.differing else Line("delete", path) for path in sorted(wanted)]


async def act(job: Job) -> None:
    github, wanted = await job.github(), folder_files(job.env)
    base = await compare_files(github, job.env.full_name, branch=job.env.branch, files=wanted)
    gone = {path: None for path in wanted if path not in base.differing}
    message = f"Remove the folders of environment {job.env.name}"
    commit = await commit_files(github, job.env.full_name, branch=job.env.branch, files=gone, message=message)
    if commit:
        job.terminal.done(Line("delete", ", ".join(sorted(gone)), f"commit {commit[:7]}"))
