"""Access to the repository: a deploy key that may only read, or the GitHub App; proven by a real fetch."""

from collections.abc import Mapping, Sequence

from trimtab.clock import rfc3339
from trimtab.environment import names
from trimtab.environment.environment import Environment
from trimtab.environment.objects import app_repository_secret, deploy_key_secret, repository_secret_name
from trimtab.environment.plan import Line
from trimtab.environment.remains import is_marked
from trimtab.errors import Stalled
from trimtab.github.errors import Forbidden, Invalid
from trimtab.github.keys import add_key, delete_key, list_keys
from trimtab.github.nouns import DeployKey
from trimtab.model.credentials import normalised, secret_text
from trimtab.model.keys import Manifest
from trimtab.model.names import SECRET_TYPE_LABEL
from trimtab.model.repository import GitHubAppLogin, RepositoryAccess
from trimtab.setup.job import Job
from trimtab.setup.ssh_key import new_key, public_half, same_key
from trimtab.source.app_logins import AppLogins
from trimtab.source.trial import try_fetch


async def look(job: Job) -> list[Line]:
    if stranger := await strangers_secret(job):
        note = "somebody else made it: it is used as it is, and goes on being theirs"
        return [Line("leave", f"Secret {stranger}", note)]
    if job.env.access == "githubApp":
        return [await job.cluster.difference(await _app_secret(job))]
    lines = [await job.cluster.difference(await _key_secret(job))]
    return [*lines, *await _key_lines(job)]


async def act(job: Job) -> None:
    if job.env.access == "githubApp":
        job.terminal.done(await job.cluster.apply(await _app_secret(job)))
    else:
        # The private half is kept before GitHub hears of the public one: whatever happens in between, the next run
        # finds both, and no key is left behind that nobody holds.
        secret = await _key_secret(job)
        job.terminal.done(await job.cluster.apply(secret))
        await _register(job)
    await verify(job)
    job.terminal.done(Line("check", f"{job.env.repository_url} is fetched"))


def key_title(job: Job) -> str:
    """What the key is called on GitHub: environment and cluster."""
    return f"trimtab {job.env.name} ({job.facts.cluster_id[:8]})"


async def own_private_key(job: Job, env: Environment | None = None) -> str:
    """The deploy key that set-up made; "" where there is none. `env`: the environment as it was before."""
    found = await job.cluster.get("Secret", repository_secret_name(env or job.env))
    return secret_text(found).get("sshPrivateKey", "") if found and _is_ours(job, found) else ""


async def registered_keys(job: Job) -> list[DeployKey]:
    """This environment's at GitHub: by their title, and the one that the cluster uses."""
    public, title = public_half(await own_private_key(job)), key_title(job)
    registered = await list_keys(await job.github(), job.env.full_name)
    return [key for key in registered if key.title == title or same_key(public, key.key)]


async def strangers_secret(job: Job) -> str:
    """The name of a Secret by which somebody else gives access to the repository; "" for none, or beside our own."""
    selector = f"{SECRET_TYPE_LABEL}=repository"
    found = await job.cluster.find_all("Secret", namespace=job.env.namespace, selector=selector)
    same = [one for one in found if normalised(secret_text(one).get("url", "")) == normalised(job.env.repository_url)]
    if any(_is_ours(job, one) for one in same):
        return ""
    return next((str(one["metadata"]["name"]) for one in same), "")


def _is_ours(job: Job, secret: Manifest) -> bool:
    return is_marked(secret, environment=job.env.name)


async def _key_secret(job: Job) -> Manifest:
    private = await own_private_key(job) or job.facts.drawn.setdefault("deployKey", new_key().private)
    return deploy_key_secret(job.env, private, created=await _created(job))


async def _app_secret(job: Job) -> Manifest:
    empty = {"id": "", "installationID": "", "privateKey": ""}
    return app_repository_secret(job.env, {**empty, **job.facts.app}, created=await _created(job))


async def _created(job: Job) -> dict[str, str]:
    """By whom and when: as it was noted first."""
    found = await job.cluster.get("Secret", repository_secret_name(job.env)) or {"metadata": {}}
    there: Mapping[str, str] = found["metadata"].get("annotations") or {}
    now = job.facts.drawn.setdefault("now", rfc3339(job.clock.now()))
    noted = {names.CREATED_BY: job.facts.person or "trimtab setup", names.CREATED_AT: now}
    return {name: there.get(name, value) for name, value in noted.items()}


async def _key_lines(job: Job) -> list[Line]:
    subject = f"deploy key of {job.env.full_name}"
    if not job.can_ask_github:
        return [Line("create", subject, "ed25519, may only read")]
    registered = await list_keys(await job.github(), job.env.full_name)
    own = [key for key in registered if same_key(public_half(await own_private_key(job)), key.key)]
    lines = [
        Line("delete", f"deploy key {key.title}", "its private half is nowhere any more")
        for key in _forgotten(job, registered, own)
    ]
    lines += [Line("delete", f"deploy key {key.title}", "it may write") for key in own if not key.read_only]
    kept = any(key.read_only for key in own)
    return [*lines, Line("keep", subject) if kept else Line("create", subject, "ed25519, may only read")]


def _forgotten(job: Job, registered: Sequence[DeployKey], own: Sequence[DeployKey]) -> list[DeployKey]:
    return [key for key in registered if key.title == key_title(job) and key not in own]


async def _register(job: Job) -> None:
    """Have GitHub know the public half as a key that may only read, and no forgotten one of this environment."""
    github = await job.github()
    public = public_half(await own_private_key(job))
    registered = await list_keys(github, job.env.full_name)
    own = [key for key in registered if same_key(public, key.key)]
    for key in [*_forgotten(job, registered, own), *(key for key in own if not key.read_only)]:
        await delete_key(github, job.env.full_name, key.id)
        job.terminal.done(Line("delete", f"deploy key {key.title}"))
    if any(key.read_only for key in own):
        return
    try:
        await add_key(github, job.env.full_name, title=key_title(job), key=public)
    except (Forbidden, Invalid) as error:
        # A key that GitHub will not have is kept by nobody.
        await job.cluster.delete("Secret", repository_secret_name(job.env))
        raise Stalled(
            f"{job.file.at('access')}: {error.message}. Where the organization forbids deploy keys, write access: "
            "githubApp",
            reason=error.reason,
        ) from error
    job.terminal.done(Line("create", f"deploy key {key_title(job)}"))


async def verify(job: Job) -> None:
    """Fetch the repository as the controller will. Raises Stalled and Retry with the reasons of a fetch."""
    if job.env.access == "deployKey":
        await fetched_with(job, await own_private_key(job))
        return
    await _fetched(job, RepositoryAccess(url=job.env.repository_url, ca_pem=job.env.github.ca, github_app=_login(job)))


def _login(job: Job) -> GitHubAppLogin:
    """As the Secret of the repository says it."""
    app = job.facts.app
    return GitHubAppLogin(
        app_id=app["id"],
        private_key=app["privateKey"],
        installation_id=app["installationID"],
        base_url=job.env.api_url if job.env.is_enterprise else "",
        ca_pem=job.env.github.ca,
    )


async def fetched_with(job: Job, private_key: str) -> None:
    """Fetch the repository with a deploy key. Raises as `verify`."""
    known_hosts = (await job.cluster.config_map(names.KNOWN_HOSTS)).get(names.KNOWN_HOSTS_KEY, "")
    await _fetched(
        job,
        RepositoryAccess(url=job.env.repository_url, ssh_private_key=private_key, known_hosts=known_hosts),
    )


async def _fetched(job: Job, reached: RepositoryAccess) -> None:
    """An empty repository gets its first commit later: that it answers is enough."""
    logins = AppLogins(clock=job.clock)
    try:
        await try_fetch(reached, logins=logins)
    finally:
        await logins.close()
