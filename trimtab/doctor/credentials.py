"""The credentials of repositories: each one looked at, and each repository really fetched with its own."""

import asyncio
import datetime as dt

from msgspec.structs import replace

from trimtab.doctor.facts import Facts
from trimtab.environment.findings.credentials import judge_credential, personal_token, value_of
from trimtab.environment.findings.finding import Finding
from trimtab.environment.names import CERTIFICATES, KNOWN_HOSTS
from trimtab.errors import TrimtabError
from trimtab.github.tokens import Given
from trimtab.model.credentials import normalised, read_credentials
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP, SECRET_TYPE_LABEL
from trimtab.model.repository import RepositoryAccess
from trimtab.source.app_logins import AppLogins
from trimtab.source.trial import try_fetch

AT_ONCE = 8
OCI = "oci://"
TYPES = f"{SECRET_TYPE_LABEL} in (repository, repo-creds)"


async def credentials(facts: Facts) -> list[Finding]:
    """Algorithm, age, creator and end of each."""
    now = facts.clock.now()
    return [
        judge_credential(secret, now=now, expires=await _expiry(facts, secret))
        for secret in await facts.objects("Secret", selector=TYPES)
    ]


async def fetches(facts: Facts) -> list[Finding]:
    """Every repository that has a Secret, or that an Application names, really fetched from."""
    secrets = await facts.objects("Secret", selector=TYPES)
    known = read_credentials(
        secrets,
        known_hosts=await facts.object("ConfigMap", KNOWN_HOSTS),
        certificates=await facts.object("ConfigMap", CERTIFICATES),
    )
    named = [
        (value_of(one, "url"), value_of(one, "project"))
        for one in secrets
        if _type(one) == "repository" and _is_git(one)
    ]
    accesses = [known.access(url, project=project) for url, project in (*named, *await _sources(facts))]
    # One repository is spelt in several ways, and used by several projects: each way to log in is tried once.
    each: dict[RepositoryAccess, RepositoryAccess] = {}
    for access in accesses:
        each.setdefault(replace(access, url=normalised(access.url), project=""), access)
    logins, slots = AppLogins(clock=facts.clock), asyncio.Semaphore(AT_ONCE)
    try:
        return list(await asyncio.gather(*(_fetch(access, logins, slots) for access in each.values())))
    finally:
        await logins.close()


async def _fetch(access: RepositoryAccess, logins: AppLogins, slots: asyncio.Semaphore) -> Finding:
    subject = f"{access.url} of project {access.project}" if access.project else access.url
    try:
        async with slots:
            commit = await try_fetch(access, logins=logins)
    except TrimtabError as error:
        fix = "correct what it says; then `argocd.argoproj.io/refresh` on the Applications looks again at once"
        return Finding(check="fetches", subject=subject, level="error", message=error.message, fix=fix)
    return Finding(
        check="fetches", subject=subject, level="ok", message=f"fetched {commit[:12]}" if commit else "is empty"
    )


async def _sources(facts: Facts) -> list[tuple[str, str]]:
    """(URL, project) of those of Git that Applications name."""
    found = []
    for manifest in await facts.objects("Application", group=GROUP):
        spec = manifest.get("spec") or {}
        for source in spec.get("sources") or [spec.get("source") or {}]:
            url = source.get("repoURL") or ""
            if url and not source.get("chart") and not url.startswith(OCI):
                found.append((url, spec.get("project", "")))
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


def _is_git(secret: Manifest) -> bool:
    return value_of(secret, "type") in ("", "git") and not value_of(secret, "url").startswith(OCI)


def _type(secret: Manifest) -> str:
    return str((secret["metadata"].get("labels") or {}).get(SECRET_TYPE_LABEL, ""))
