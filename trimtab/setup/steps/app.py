"""The GitHub App: created, installed and authorized by three clicks in a browser, nothing copied."""

from trimtab.environment.github_app import app_name, permission_map, permissions
from trimtab.environment.plan import Line
from trimtab.github.token import judge_permissions
from trimtab.setup.app_page import AppPage
from trimtab.setup.app_record import begun, keep_app
from trimtab.setup.job import Job
from trimtab.setup.steps.github import check_repository, check_teams


def applies(job: Job) -> bool:
    return job.env.needs_app


async def look(job: Job) -> list[Line]:
    """The facts have just been looked up at GitHub (`app_state.look_up`)."""
    if not job.facts.app.get("privateKey"):
        return [*begun(job), _create(job), *_install(job), *_authorize(job)]
    lines = [Line("keep", f"GitHub App {job.facts.app['slug']}")]
    lines += _rights(job) if job.installed else _install(job)
    return [*lines, *_authorize(job)]


async def act(job: Job) -> None:
    if not job.facts.app.get("privateKey"):
        # Whatever interrupts the clicks, the next run knows which App to ask for.
        await keep_app(job, name=app_name(job.env, job.facts.cluster_id))
    async with AppPage(job) as page:
        await job.terminal.open(page.url, why="create and install the GitHub App")
        await page.finished()
    await check_repository(job, await job.github())
    await check_teams(job, await job.github())


def _create(job: Job) -> Line:
    wanted = ", ".join(f"{one.name}: {one.level}" for one in permissions(job.env))
    return Line("click", f"Create GitHub App {app_name(job.env, job.facts.cluster_id)}", wanted)


def _install(job: Job) -> list[Line]:
    return [Line("click", f"Install it for {job.env.full_name}, and for nothing else")]


def _authorize(job: Job) -> list[Line]:
    if job.env.login.type != "githubApp" or job.facts.app.get("createdBy"):
        return []
    return [Line("click", "Authorize it to know you", "as everybody does who logs in")]


def _rights(job: Job) -> list[Line]:
    rights = judge_permissions(job.facts.granted, permission_map(job.env))
    found = [Line("keep", f"its installation for {job.env.full_name}")]
    where = f"{job.facts.app.get('url', '')}: accept or change them there"
    if rights.missing:
        found.append(Line("warn", f"the App lacks {', '.join(rights.missing)}", where))
    if rights.needless:
        found.append(Line("warn", f"the App may more than it needs: {', '.join(rights.needless)}", where))
    return found
