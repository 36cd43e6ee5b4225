"""Who sets up, as GitHub knows them: the third click, which everybody makes once who logs in."""

from urllib.parse import urlencode

import aiohttp

from trimtab.errors import Retry, Stalled
from trimtab.github.client import DEADLINE_SECONDS
from trimtab.github.organization import team_membership
from trimtab.github.session import new_session
from trimtab.github.user import get_user
from trimtab.server.auth.pkce import challenge_of
from trimtab.setup.job import Job


def authorization_url(job: Job, *, page: str, state: str, verifier: str) -> str:
    """GitHub's page that asks for the person's consent."""
    query = {
        "client_id": job.facts.app["clientID"],
        "redirect_uri": f"{page}/authorized",
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    return f"{job.env.web_url}/login/oauth/authorize?{urlencode(query)}"


async def identify(job: Job, code: str, *, page: str, verifier: str) -> str:
    """The login of the person whose code it is. Says so where they themselves could not log in later."""
    token = await _exchanged(job, code, page=page, verifier=verifier)
    login = (await get_user(await job.as_person(token))).login
    github = await job.github()
    for team in job.env.teams:
        found = await team_membership(github, job.env.organization, team, login=login)
        if found is not None and found.state == "active":
            return login
    job.terminal.say(
        f"{login} is in none of the teams {', '.join(job.env.teams)}: others can log in later, {login} can not."
    )
    return login


async def _exchanged(job: Job, code: str, *, page: str, verifier: str) -> str:
    """The code for a token, which is used once and kept nowhere."""
    form = {
        "client_id": job.facts.app["clientID"],
        "client_secret": job.facts.app["clientSecret"],
        "code": code,
        "redirect_uri": f"{page}/authorized",
        "code_verifier": verifier,
    }
    try:
        async with (
            new_session(job.endpoints) as session,
            # The client secret goes to no other address than this one.
            session.post(
                f"{job.env.web_url}/login/oauth/access_token",
                data=form,
                headers={"Accept": "application/json"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=DEADLINE_SECONDS),
            ) as answer,
        ):
            found = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Retry(f"{job.env.web_url} does not confirm who you are ({type(error).__name__}): try again") from error
    token = found.get("access_token") if isinstance(found, dict) else None
    if not isinstance(token, str) or not token:
        raise Stalled("GitHub does not confirm who you are: go back to the first page and try again", reason="NoToken")
    return token
