"""What the demo of a set-up shows, step by step. Each step returns only once its effect was observed."""

from typing import Any

from trimtab.demo.setup import content
from trimtab.demo.setup.browser import Browser, Page
from trimtab.demo.setup.stage import SetUpStage
from trimtab.demo.setup.terminal import DemoTerminal, SilentTerminal
from trimtab.demo.stage import until
from trimtab.environment.objects import repository_secret_name
from trimtab.errors import Stalled
from trimtab.model.keys import Manifest
from trimtab.setup.setup import set_up
from trimtab.setup.ssh_key import public_half, same_key

SESSION = "api/v1/session/userinfo"


async def beginning(stage: SetUpStage) -> list[str]:
    """An empty cluster, an organization on GitHub, and a file that says what is wanted"""
    namespaces = await stage.run("kubectl", "get", "namespaces", "-o", "name")
    assert content.NAMESPACE not in namespaces, "the cluster is not empty"
    return [
        f"{content.ORGANIZATION} has the private repository {content.REPOSITORY} and the team {content.TEAM}.",
        f"{content.OWNER} owns it and is in that team, {content.COLLEAGUE} is a member only, "
        f"{content.OUTSIDER} is an outsider.",
        "",
        "$ cat environment.yaml",
        *(f"  {line}" for line in stage.file.text.splitlines()),
    ]


async def setting_up(stage: SetUpStage) -> list[str]:
    """$ trimtab setup -f environment.yaml"""
    async with stage.browser() as browser:
        terminal = DemoTerminal(None if stage.stay else browser)
        async with stage.job(terminal) as job:
            outcome = await set_up(job)
    if outcome != "done":
        raise Stalled("you said no: nothing was made")
    return [f"Environment {stage.file.env.name} is set up: {stage.url}"]


async def again(stage: SetUpStage) -> list[str]:
    """Running it again changes nothing"""
    terminal = SilentTerminal()
    async with stage.job(terminal) as job:
        outcome = await set_up(job)
    assert outcome == "nothing", f"there is something to do: {terminal.plan.summary}"
    return [f"Plan: {terminal.plan.summary}."]


async def deploy_key(stage: SetUpStage) -> list[str]:
    """The deploy key may read and nothing else; its private half is in the cluster alone"""
    (key,) = stage.github.world.repositories[content.FULL_NAME].keys
    name = repository_secret_name(stage.file.env)
    async with stage.job(SilentTerminal()) as job:
        private = (await job.cluster.secret(name))["sshPrivateKey"]
    assert key.read_only, "the key may write"
    assert same_key(public_half(private), key.key), "the cluster has another key than GitHub"
    refusal = await _push_refused(stage, private)
    return [
        f"GitHub: “{key.title}”, {key.key.split()[0]}, read-only",
        f"cluster: Secret {content.NAMESPACE}/{name}",
        f"a push with it: {refusal}",
    ]


async def first_push(stage: SetUpStage) -> list[str]:
    """A first application is declared, written as files, and pushed: GitHub tells of it, and it runs"""
    await stage.repository.git("pull", "--quiet", "--rebase")
    command = await _declare(stage, tag="1.0.0")
    sha = await stage.repository.push("Deploy web", {})
    _, took = await until(lambda: _rolled_out(stage, tag="1.0.0"), within=60.0)
    delivered = await _delivery(stage)
    await stage.healthy("web")
    table = await stage.run("kubectl", "-n", content.NAMESPACE, "get", "applications")
    return [
        *command,
        f"{sha} pushed by SSH; GitHub told {delivered} of it; {took:.1f} s later 2 pods are ready",
        f"$ kubectl -n {content.NAMESPACE} get applications",
        *table.splitlines(),
    ]


async def next_push(stage: SetUpStage) -> list[str]:
    """The next push brings version 1.1.0"""
    command = await _declare(stage, tag="1.1.0")
    sha = await stage.repository.push("web 1.1.0", {})
    _, took = await until(lambda: _rolled_out(stage, tag="1.1.0"), within=60.0)
    status = await _status(stage, sha)
    return [*command, f"{sha} pushed; {took:.1f} s later 2 pods of web:1.1.0 are ready", f"GitHub shows {status}"]


async def member_logs_in(stage: SetUpStage) -> list[str]:
    """A member of the team logs in at the ingress host with GitHub"""
    async with stage.browser() as browser:
        page = await _log_in(stage, browser, content.OWNER)
        assert page.status == 200, f"{content.OWNER} is refused: {page.text}"
        me = (await browser.visit(f"{stage.url}/{SESSION}")).json()
        assert me.get("loggedIn"), f"{content.OWNER} is not logged in"
        seen = (await browser.visit(f"{stage.url}/api/v1/applications?fields=items.metadata.name")).json()
    names = ", ".join(item["metadata"]["name"] for item in seen["items"])
    return [
        f"{stage.url}: {me['username']}, groups {', '.join(me['groups'])}",
        f"sees {names}",
    ]


async def others_are_refused(stage: SetUpStage) -> list[str]:
    """A member of the organization outside the team is refused, and so is an outsider"""
    return [f"{login}: {await _refused(stage, login)}" for login in (content.COLLEAGUE, content.OUTSIDER)]


STEPS = (
    beginning,
    setting_up,
    again,
    deploy_key,
    first_push,
    next_push,
    member_logs_in,
    others_are_refused,
)


async def _push_refused(stage: SetUpStage, private: str) -> str:
    """What GitHub says to a push with the deploy key."""
    path = stage.folder / "deploy_key"
    path.touch(mode=0o600)
    path.write_text(private)
    own = await stage.repository.git("config", "core.sshCommand")
    ssh = own.replace(str(stage.folder / "id_ed25519"), str(path))
    try:
        await stage.repository.git("-c", f"core.sshCommand={ssh}", "push", "--quiet", "origin", "HEAD:refs/heads/other")
    except Stalled as error:
        return error.message.partition("ERROR: ")[2].partition(" fatal:")[0] or error.message
    finally:
        path.unlink()
    raise AssertionError("the deploy key may write")


async def _declare(stage: SetUpStage, *, tag: str) -> list[str]:
    """Write the application's files into the checkout; the lines that say so."""
    (stage.folder / "web.yaml").write_text(content.application(tag=tag))
    await stage.run(
        *("trimtab", "apply", "application", "-f", str(stage.folder / "web.yaml"), "-e", str(stage.path)),
        *("--checkout", str(stage.repository.checkout), "--yes"),
    )
    changed = (await stage.repository.git("status", "--porcelain", "--untracked-files=all")).splitlines()
    return [
        f"$ trimtab apply application -f web.yaml -e environment.yaml      # {tag}",
        *(f"  {line.split()[-1]}" for line in changed),
        "$ git commit -a && git push",
    ]


async def _rolled_out(stage: SetUpStage, *, tag: str) -> bool:
    live: Manifest = await stage.get("Deployment", "web", group="apps") or {}
    containers: list[dict[str, Any]] = live.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or [
        {}
    ]
    ready = (live.get("status") or {}).get("readyReplicas") == 2
    return ready and str(containers[0].get("image", "")).endswith(f":{tag}")


async def _delivery(stage: SetUpStage) -> str:
    """Where the App's webhook told of a push, once it was taken."""
    (app,) = stage.github.world.github_apps.values()

    async def taken() -> bool:
        return any(one.event == "push" and one.status_code == 200 for one in app.hook.deliveries)

    await until(taken)
    return app.hook.url


async def _status(stage: SetUpStage, sha: str) -> str:
    """What GitHub shows at the commit of `web`, once it is good."""

    async def good() -> str:
        found = stage.github.world.repositories[content.FULL_NAME].statuses
        mine = [one for one in found if one.sha.startswith(sha) and "web" in one.context and one.state == "success"]
        return f"✓ {mine[-1].context}: {mine[-1].description}" if mine else ""

    seen, _ = await until(good)
    return str(seen)


async def _log_in(stage: SetUpStage, browser: Browser, login: str) -> Page:
    """Log in with GitHub: the page at the end."""
    page = await browser.visit(f"{stage.url}/auth/login?return_url=/")
    for label in (f"Sign in as {login}", f"Authorize as {login}"):
        if any(button.label.startswith(label) for button in page.buttons):
            page = await browser.click(page, label)
    return page


async def _refused(stage: SetUpStage, login: str) -> str:
    """What the page says to somebody who may not log in."""
    async with stage.browser() as browser:
        page = await _log_in(stage, browser, login)
        assert page.status == 403, f"{login} is not refused: status {page.status}, {page.text}"
        me = (await browser.visit(f"{stage.url}/{SESSION}")).json()
    assert not me.get("loggedIn"), f"{login} is logged in"
    return page.text.rpartition("Not logged in ")[2].removesuffix(" Back to login")
