"""The environment's two folders in the repository, as a commit or as a pull request."""

from trimtab.environment.folders import folder_files
from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.github.contents import Files, Proposal, commit_files, compare_files, propose_files
from trimtab.github.errors import Forbidden, Invalid, NotFound
from trimtab.github.nouns import PullRequest
from trimtab.github.pulls import find_open_pull
from trimtab.setup.job import Job


def applies(job: Job) -> bool:
    return job.env.changes != "none"


async def look(job: Job) -> list[Line]:
    files = sorted(folder_files(job.env))
    if not job.can_ask_github:
        return [Line("create", path, _how(job)) for path in files]
    differing = await _differing(job)
    if differing and job.env.changes == "pullRequest" and (pull := await open_proposal(job)):
        note = f"{pull.html_url} waits to be merged"
        return [Line("keep", path, note if path in differing else "") for path in files]
    return [Line("create", path, _how(job)) if path in differing else Line("keep", path) for path in files]


async def act(job: Job) -> None:
    github = await job.github()
    message = f"Add the folders of environment {job.env.name}"
    try:
        if job.env.changes == "pullRequest":
            pull = await propose_files(github, job.env.full_name, proposal(job, message, folder_files(job.env)))
            if pull is not None:
                job.terminal.say(f"Merge {pull.html_url}: the folders are in effect from then on.")
                job.terminal.done(Line("create", f"pull request {pull.html_url}"))
            return
        commit = await commit_files(
            github, job.env.full_name, branch=job.env.branch, files=folder_files(job.env), message=message
        )
    except (Forbidden, Invalid) as error:
        raise Stalled(
            f"{job.file.at('changes')}: {error.message}. Where branch {job.env.branch} is protected, write changes: "
            "pullRequest",
            reason=error.reason,
        ) from error
    if commit:
        job.terminal.done(Line("create", f"commit {commit[:7]} on {job.env.branch}"))


async def _differing(job: Job) -> frozenset[str]:
    """Files that are not there; one that a person has rewritten stays theirs."""
    try:
        base = await compare_files(
            await job.github(), job.env.full_name, branch=job.env.branch, files=folder_files(job.env)
        )
    except NotFound as error:
        raise Stalled(
            f"{job.file.at('branch')}: {job.env.full_name} has no branch {job.env.branch}: correct it",
            reason="NoBranch",
        ) from error
    return frozenset(base.differing)


async def open_proposal(job: Job) -> PullRequest | None:
    """The open pull request that brings all of the files."""
    github, branch = await job.github(), _branch(job)
    pull = await find_open_pull(github, job.env.full_name, head=branch, base=job.env.branch)
    if pull is None:
        return None
    there = await compare_files(github, job.env.full_name, branch=branch, files=folder_files(job.env))
    return None if there.differing else pull


def proposal(job: Job, message: str, files: Files) -> Proposal:
    """A pull request for `files`; all of an environment come by the same branch."""
    return Proposal(
        base=job.env.branch,
        branch=_branch(job),
        files=files,
        message=message,
        title=message,
        body=f"Trimtab deploys to {job.env.name} what these folders hold. They are explained in their README.",
    )


def _branch(job: Job) -> str:
    return f"trimtab/{job.env.name}"


def _how(job: Job) -> str:
    return "by a pull request" if job.env.changes == "pullRequest" else f"by a commit on {job.env.branch}"
