"""The credentials of repositories: each one looked at, and each repository really asked with its own."""

import datetime as dt

from trimtab.doctor.facts import Facts
from trimtab.environment.findings.credentials import judge_credential, personal_token, value_of
from trimtab.environment.findings.finding import Finding
from trimtab.environment.names import CERTIFICATES, KNOWN_HOSTS
from trimtab.errors import TrimtabError
from trimtab.github.tokens import Given
from trimtab.model.credentials import Credentials, read_credentials
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP, SECRET_TYPE_LABEL
from trimtab.source.app_logins import AppLogins
from trimtab.source.listing import list_refs

TYPES = f"{SECRET_TYPE_LABEL} in (repository, repo-creds)"


async def credentials(facts: Facts) -> list[Finding]:
    """Algorithm, age, creator and end of each."""
    now = facts.clock.now()
    return [
        judge_credential(secret, now=now, expires=await _expiry(facts, secret))
        for secret in await facts.objects("Secret", selector=TYPES)
    ]


async def fetches(facts: Facts) -> list[Finding]:
    """Every repository that has a Secret, or that an Application names, asked for what it has."""
    secrets = await facts.objects("Secret", selector=TYPES)
    known = read_credentials(
        secrets,
        known_hosts=await facts.object("ConfigMap", KNOWN_HOSTS),
        certificates=await facts.object("ConfigMap", CERTIFICATES),
    )
    wanted = {
        (value_of(one, "url"), value_of(one, "project")) for one in secrets if _type(one) == "repository"
    } | await _sources(facts)
    logins = AppLogins(clock=facts.clock)
    try:
        return [await _fetch(known, logins, url, project) for url, project in sorted(wanted) if url]
    finally:
        await logins.close()


async def _fetch(known: Credentials, logins: AppLogins, url: str, project: str) -> Finding:
    subject = f"{url} of project {project}" if project else url
    try:
        found = await list_refs(known.access(url, project=project), logins=logins)
    except TrimtabError as error:
        fix = "correct what it says; then `argocd.argoproj.io/refresh` on the Applications looks again at once"
        return Finding(check="fetches", subject=subject, level="error", message=error.message, fix=fix)
    return Finding(check="fetches", subject=subject, level="ok", message=f"can be read: {len(found.branches)} branches")


async def _sources(facts: Facts) -> set[tuple[str, str]]:
    """Those of Git that Applications name, with the credentials that all projects may use."""
    found: set[tuple[str, str]] = set()
    for manifest in await facts.objects("Application", group=GROUP):
        spec = manifest.get("spec") or {}
        for source in spec.get("sources") or [spec.get("source") or {}]:
            if source.get("repoURL") and not source.get("chart"):
                found.add((source["repoURL"], ""))
    return found


async def _expiry(facts: Facts, secret: Manifest) -> dt.datetime | None:
    """When GitHub says that the token in it ends; None where it does not, or is not GitHub's."""
    token = personal_token(secret)
    if not token or not value_of(secret, "url").startswith(f"{facts.env.web_url}/"):
        return None
    github = await facts.github(Given(token))
    try:
        await github.get("/rate_limit", dict)
    except TrimtabError:
        return None
    return github.seen.expires


def _type(secret: Manifest) -> str:
    return str((secret["metadata"].get("labels") or {}).get(SECRET_TYPE_LABEL, ""))
