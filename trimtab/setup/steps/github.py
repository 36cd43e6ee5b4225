"""Whether organization, teams and repository are there, and whether the token at hand is right for the job."""

from trimtab.environment.person_token import SCOPES, written_permissions
from trimtab.environment.plan import Line
from trimtab.errors import Stalled
from trimtab.github.client import GitHub
from trimtab.github.errors import BadToken, Forbidden, NotFound
from trimtab.github.nouns import Repository
from trimtab.github.organization import get_organization, get_team
from trimtab.github.permissions import lacking
from trimtab.github.repository import get_repository
from trimtab.github.token import TokenKind, judge_scopes, key_dies_with, kind_of
from trimtab.github.user import get_user
from trimtab.setup.job import Job


class TokenTooNarrow(Stalled):
    """The person's token has too few scopes or permissions."""


async def look(job: Job) -> list[Line]:
    if job.token and job.env.needs_app and not job.installed:
        return await _asked_beforehand(job)
    job.facts.organization_id = await _organization(job)
    if not job.can_ask_github:
        if not job.env.needs_app:
            await job.github()  # says which token is missing
        return [Line("check", f"organization {job.env.organization}")]
    lines = [_seen(job)]
    if not job.installed:
        lines += await _token(job)
    await check_repository(job, await job.github())
    await check_teams(job, await job.github())
    if not job.env.needs_app and kind_of(job.token) is TokenKind.FINE_GRAINED:
        await _check_permissions(job)
    return lines


async def _asked_beforehand(job: Job) -> list[Line]:
    """The GitHub App will do the work: the token only tells before the clicks whether repository and teams are there,
    and is not used any more. One that cannot tell is no obstacle.
    """
    try:
        lines = [_seen(job), *await _token(job)]
        job.facts.organization_id = await _organization(job)
        await check_repository(job, await job.github())
        await check_teams(job, await job.github())
    except (BadToken, Forbidden, TokenTooNarrow) as error:
        lines = [Line("warn", "the GitHub token is not used", error.message)]
        job.token = ""
        job.facts.organization_id = await _organization(job)
    job.token = ""
    return lines


def _seen(job: Job) -> Line:
    return Line("check", f"{job.env.full_name} and the teams of {job.env.organization}")


async def check_repository(job: Job, github: GitHub) -> Repository:
    """Raises Stalled where it is not one that set-up can use."""
    path, where = job.env.full_name, job.file.at("repository")
    try:
        found = await get_repository(github, path)
    except NotFound as error:
        hidden = f"{path} does not exist, or is not visible to {_who(job)}: correct it, or grant access"
        raise Stalled(f"{where}: {hidden}", reason="NoRepository") from error
    if found.archived:
        raise Stalled(f"{where}: {path} is archived: unarchive it, or name another", reason="ArchivedRepository")
    if not job.env.needs_app and not (found.permissions and found.permissions.admin):
        needs = "ask for the role Admin, which deploy keys and webhooks need"
        raise Stalled(f"{where}: {_who(job)} may not administer {path}: {needs}", reason="NoAdminRights")
    return found


async def check_teams(job: Job, github: GitHub) -> None:
    """Raises Stalled for a team that is not there."""
    if job.env.login.type == "oidc":
        return
    for number, slug in enumerate(job.env.teams):
        try:
            await get_team(github, job.env.organization, slug)
        except NotFound as error:
            hidden = f"team {slug} does not exist in {job.env.organization}, or is not visible to {_who(job)}"
            raise Stalled(
                f"{job.file.at('teams', number)}: {hidden}: write its slug, as in the address of its page",
                reason="NoTeam",
            ) from error


async def _organization(job: Job) -> int:
    """Its id. Everybody may see that an organization is there."""
    github = await job.github() if job.can_ask_github else await job.as_nobody()
    try:
        found = await get_organization(github, job.env.organization)
    except NotFound as error:
        raise Stalled(
            f"{job.file.at('organization')}: {job.env.organization} does not exist at {job.env.web_url}: correct it",
            reason="NoOrganization",
        ) from error
    if found.deploy_keys is False and job.env.access == "deployKey":
        raise Stalled(
            f"{job.file.at('access')}: {job.env.organization} forbids deploy keys: write access: githubApp",
            reason="NoDeployKeys",
        )
    return found.id


async def _token(job: Job) -> list[Line]:
    """What is to be said of the person's token. Raises Stalled when it may too little, or would take the key along."""
    github = await job.as_person(job.token)
    job.facts.person = job.facts.person or (await get_user(github)).login
    kind = kind_of(job.token)
    lines: list[Line] = []
    if github.seen.scopes is not None:
        rights = judge_scopes(github.seen.scopes, SCOPES)
        if rights.missing:
            raise TokenTooNarrow(
                f"the GitHub token lacks the scopes {', '.join(rights.missing)}: make one with {', '.join(SCOPES)}",
                reason="TokenTooNarrow",
            )
        if rights.needless:
            note = f"it needs {', '.join(SCOPES)} only: make one without {', '.join(rights.needless)}"
            lines.append(Line("warn", "the GitHub token may more than it needs", note))
    if job.env.access == "deployKey" and not job.env.needs_app:
        lines += _mortal(kind)
    if github.seen.expires is not None:
        lines.append(Line("check", "the GitHub token", f"expires on {github.seen.expires:%Y-%m-%d}"))
    return lines


async def _check_permissions(job: Job) -> None:
    """Raises TokenTooNarrow: a key that cannot be registered is better not made."""
    if missing := await lacking(await job.github(), job.env.full_name, written_permissions(job.env)):
        wanted = ", ".join(f"{name}: write" for name in missing)
        raise TokenTooNarrow(
            f"the GitHub token lacks the permissions {wanted} for {job.env.full_name}: grant them in its settings",
            reason="TokenTooNarrow",
        )


def _mortal(kind: TokenKind) -> list[Line]:
    """GitHub deletes a deploy key with the token that made it."""
    if kind is TokenKind.OAUTH:
        raise Stalled(
            f"a deploy key made with {kind.value} is deleted by GitHub when that token is revoked: use a personal "
            "access token that stays, or login: {type: githubApp}, whose keys outlive every token",
            reason="KeyWouldDie",
        )
    if key_dies_with(kind):
        note = f"it was made with {kind.value}: deleting that token deletes the key; a GitHub App's key stays"
        return [Line("warn", "the deploy key lives as long as the token", note)]
    return []


def _who(job: Job) -> str:
    return (
        "the GitHub App" if job.installed else f"the token of {job.facts.person}" if job.facts.person else "the token"
    )
