"""Login: where the UI is, who confirms who somebody is, which teams may do what, and the secrets of all that."""

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from trimtab.environment import names
from trimtab.environment.objects import login_map, roles_map, secrets_object
from trimtab.environment.plan import Line
from trimtab.errors import TrimtabError
from trimtab.model.names import ARGOCD_CM
from trimtab.render.yaml import load
from trimtab.setup.job import Job

CLIENT_ID = "TRIMTAB_CLIENT_ID"
CLIENT_SECRET = "TRIMTAB_CLIENT_SECRET"  # noqa: S105 - the name of an environment variable


async def look(job: Job) -> list[Line]:
    lines = []
    client_id = await _known_client_id(job)
    if job.env.login.type == "oauthApp" and not (client_id and job.facts.secrets.get(names.GITHUB_SECRET)):
        lines.append(Line("click", "register an OAuth app", "the form is filled in"))
        lines.append(Line("ask", "its client ID and client secret"))
    if job.env.login.type == "oidc" and not job.facts.secrets.get(names.OIDC_SECRET):
        lines.append(Line("ask", f"the client secret of {job.env.login.client_id} at {job.env.login.issuer}"))
    values = _secrets(job)
    objects = [_login_map(job, client_id), roles_map(job.env), secrets_object(job.env, values)]
    return [*lines, *[await job.cluster.difference(one) for one in objects]]


async def act(job: Job) -> None:
    client_id, asked = await _client(job)
    values = {**_secrets(job), **asked}
    # Secrets first: a configuration that refers to what is not there lets nobody in.
    for one in (secrets_object(job.env, values), _login_map(job, client_id), roles_map(job.env)):
        job.terminal.done(await job.cluster.apply(one))
    job.facts.secrets.update(values)


def _login_map(job: Job, client_id: str) -> dict[str, Any]:
    return login_map(job.env, client_id=client_id, organization_id=job.facts.organization_id, engine=job.options.engine)


def _secrets(job: Job) -> dict[str, str]:
    """What argocd-secret is to hold of ours: what it holds already, what the App has, and what is drawn."""
    app, there = job.facts.app, job.facts.secrets
    found = {names.WEBHOOK_SECRET: app.get("webhookSecret") or there.get(names.WEBHOOK_SECRET) or _drawn(job)}
    match job.env.login.type:
        case "oidc":
            found[names.OIDC_SECRET] = there.get(names.OIDC_SECRET, "")
        case "oauthApp":
            found[names.GITHUB_SECRET] = there.get(names.GITHUB_SECRET, "")
        case "githubApp":
            found[names.GITHUB_SECRET] = app.get("clientSecret", "")
    return {key: value for key, value in found.items() if value}


def _drawn(job: Job) -> str:
    """The webhook's secret: drawn once, so that look and act speak of the same."""
    return job.facts.drawn.setdefault(names.WEBHOOK_SECRET, secrets.token_hex(32))


async def _known_client_id(job: Job) -> str:
    """Of the GitHub App, of the file, or as argocd-cm has it from an earlier run."""
    match job.env.login.type:
        case "githubApp":
            return job.facts.app.get("clientID", "")
        case "oidc":
            return job.env.login.client_id
    return client_id_in((await job.cluster.config_map(ARGOCD_CM)).get("dex.config", ""))


def client_id_in(text: str) -> str:
    """The client id of the connector `github` of a `dex.config`; "" where there is none."""
    try:
        value = load(text, origin="dex.config")
    except TrimtabError:
        return ""
    connectors = value.get("connectors") if isinstance(value, Mapping) else None
    for one in connectors if isinstance(connectors, list) else []:
        if isinstance(one, Mapping) and one.get("id") == "github" and isinstance(one.get("config"), Mapping):
            return str(one["config"].get("clientID") or "")
    return ""


async def _client(job: Job) -> tuple[str, dict[str, str]]:
    """The client id, and the secret where a person has to be asked for it."""
    known = await _known_client_id(job)
    match job.env.login.type:
        case "oidc" if not job.facts.secrets.get(names.OIDC_SECRET):
            question = f"Client secret of {known} at {job.env.login.issuer}"
            return known, {names.OIDC_SECRET: await job.terminal.ask(question, variable=CLIENT_SECRET, secret=True)}
        case "oauthApp" if not (known and job.facts.secrets.get(names.GITHUB_SECRET)):
            await job.terminal.open(registration_url(job), why="register the OAuth app (the form is filled in)")
            client_id = await job.terminal.ask("Client ID", variable=CLIENT_ID)
            secret = await job.terminal.ask("Client secret", variable=CLIENT_SECRET, secret=True)
            return client_id, {names.GITHUB_SECRET: secret}
    return known, {}


def oauth_app_name(job: Job) -> str:
    return f"trimtab {job.env.name}"


def registration_url(job: Job) -> str:
    """GitHub's form for a new OAuth app, filled in."""
    query = {
        "oauth_application[name]": oauth_app_name(job),
        "oauth_application[url]": job.env.url,
        "oauth_application[callback_url]": f"{job.env.url}/api/dex/callback",
    }
    return f"{job.env.web_url}/organizations/{job.env.organization}/settings/applications/new?{urlencode(query)}"
