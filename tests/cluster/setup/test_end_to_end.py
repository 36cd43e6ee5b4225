"""Set-up as a team meets it: an empty Kubernetes, three clicks, a push, who gets in and who does not, and back."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.cluster.setup.command_line import Command
from tests.cluster.setup.conftest import Person
from tests.cluster.setup.secrecy import Onlooker, leaks
from tests.engine.world import until
from tests.setup.place import Place
from tools.controlplane.run import ControlPlane
from trimtab.model.keys import Manifest
from trimtab.render.yaml import dump

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore::ResourceWarning")]
NAMESPACES = "infrastructure/production/argocd/namespaces"
APPLICATIONS = "infrastructure/production/argocd/applications"


def an_application(name: str, place: Place) -> Manifest:
    """As `trimtab apply application` writes it: what `shop/` holds, into namespace shop."""
    source = {"repoURL": place.repository_url, "path": "shop", "targetRevision": "main"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": place.namespace},
        "spec": {
            "project": "default",
            "source": source,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    }


def config_map(name: str, value: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"value": value}}


class Story:
    """One environment and what happens to it."""

    def __init__(self, place: Place, cluster: ControlPlane, browser: Person, folder: Path) -> None:
        self.place = place
        self.cluster = cluster
        self.browser = browser
        self.file = folder / "environment.yaml"
        self.outputs: list[str] = []

    async def trimtab(self, *arguments: str) -> str:
        command = Command(*arguments, kubeconfig=self.cluster.kubeconfig())
        assert await command.run() == 0, command.output
        self.outputs.append(command.output)
        return command.output

    async def set_up_by_three_clicks(self) -> str:
        said = await clicked_through(
            self.browser, ("setup", "-f", str(self.file), "--yes", "--no-browser"), self.cluster
        )
        self.outputs.append(said)
        return said

    async def push(self, **files: Manifest | None) -> None:
        """Somebody pushes; `applications__web` is a file in that folder, `shop__x` one in `shop`."""
        folders = {"applications": APPLICATIONS, "namespaces": NAMESPACES, "shop": "shop"}
        named = {}
        for name, manifest in files.items():
            folder, _, rest = name.partition("__")
            named[f"{folders[folder]}/{rest}.yaml"] = None if manifest is None else dump(manifest)
        self.place.github.world.commit("acme/infra", named, user="ada")
        await self.place.github.delivered()

    async def deployed(self, name: str, value: str, *, within: float = 30.0) -> None:
        async def look() -> Manifest:
            return await self.place.cluster.get("ConfigMap", name, namespace="shop") or {}

        await until(look, lambda found: (found.get("data") or {}).get("value") == value, within=within)

    async def log_in(self, page: Page) -> None:
        await page.goto(f"{self.place.url}/login")
        await page.get_by_role("link", name=re.compile("GitHub")).click()

    async def gets_in(self, login: str) -> bool:
        """Does somebody who is logged in at GitHub end up in the list of applications?"""
        async with self.browser(login) as context:
            page = await context.new_page()
            await self.log_in(page)
            if "/login/oauth/authorize" in page.url:
                await page.get_by_role("button", name="Authorize").click()
            await page.wait_for_url(f"{self.place.url}/**")
            info = await page.evaluate("async () => await (await fetch('/api/v1/session/userinfo')).json()")
            return bool(info.get("loggedIn"))


@pytest.fixture
async def story(place: Place, empty_cluster: ControlPlane, browser: Person, tmp_path: Path) -> AsyncIterator[Story]:
    made = Story(place, empty_cluster, browser, tmp_path)
    made.file.write_text(place.environment())
    yield made


async def test_from_an_empty_cluster_and_back(story: Story) -> None:
    place, onlooker = story.place, Onlooker()
    async with onlooker.watching():
        said = await story.set_up_by_three_clicks()
        assert "is set up: https://argocd.acme.localhost" in said
        assert "is set up" in await story.trimtab("setup", "-f", str(story.file), "--dry-run")
        [key] = place.github.world.repositories["acme/infra"].keys
        assert (key.read_only, key.title[:18]) == (True, "trimtab production")
        secrets = await secrets_of(story)
        await a_push_is_deployed(story)
        await only_the_team_gets_in(story)
        await keys_change_under_load(story)
        await host_keys_change(story)
        secrets += [*await secrets_of(story), *place.github.world.tokens]
        await everything_is_gone(story)
    texts = [*story.outputs, *onlooker.command_lines, *await public_texts(story)]
    assert leaks(secrets, texts) == []


async def clicked_through(browser: Person, arguments: tuple[str, ...], cluster: ControlPlane) -> str:
    """What a set-up says while an owner of the organization clicks three times."""
    command = Command(*arguments, kubeconfig=cluster.kubeconfig())
    await command.start()
    async with browser("ada") as context:
        page = await context.new_page()
        await page.goto(await command.page())
        await page.get_by_role("button", name="Create GitHub App").click()
        await page.get_by_role("button", name="Install").click()
        await page.get_by_role("button", name="Authorize").click()
        await expect(page.get_by_role("heading", name="That was all here")).to_be_visible()
    assert await command.ended(within=120) == 0, command.output
    return command.output


async def a_push_is_deployed(story: Story) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    await story.push(
        namespaces__shop=namespace,
        applications__web=an_application("web", story.place),
        shop__colour=config_map("colour", "blue"),
    )
    await story.deployed("colour", "blue")
    await story.push(shop__colour=config_map("colour", "green"))
    await story.deployed("colour", "green")


async def only_the_team_gets_in(story: Story) -> None:
    world = story.place.github.world
    assert await story.gets_in("ada")
    assert not await story.gets_in("eve"), "a member of the organization, outside the team"
    assert not await story.gets_in("penny"), "invited, and not a member yet"
    assert not await story.gets_in("mallory"), "in a team of that name of another organization"
    async with story.browser("grace") as context:
        page = await context.new_page()
        await story.log_in(page)
        await page.get_by_role("button", name="Authorize").click()
        await expect(page.get_by_text("web", exact=True).first).to_be_visible()
        world.remove("acme", "grace")

        async def still_in() -> bool:
            status = await page.evaluate("async () => (await fetch('/api/v1/applications')).status")
            return bool(status == 200)

        await until(still_in, lambda inside: not inside, within=65.0)


async def keys_change_under_load(story: Story) -> None:
    """The repository is fetched all the time, and no fetch fails."""
    stop = asyncio.Event()
    pushing = asyncio.create_task(keep_pushing(story, stop))
    before = [key.key for key in story.place.github.world.repositories["acme/infra"].keys]
    await story.trimtab("rotate", "deploy-key", "--yes")
    await story.trimtab("rotate", "webhook-secret", "--yes")
    stop.set()
    await pushing
    after = [key.key for key in story.place.github.world.repositories["acme/infra"].keys]
    assert len(after) == 1
    assert after != before
    assert "AuthenticationFailed" not in (story.place.folder / "serve.log").read_text()
    assert "401" not in " ".join(str(one.status_code) for one in deliveries(story))


async def keep_pushing(story: Story, stop: asyncio.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        await story.push(shop__count=config_map("count", str(number)))
        await story.deployed("count", str(number))


async def host_keys_change(story: Story) -> None:
    github = story.place.github
    assert github.ssh is not None
    await github.ssh.rotate()
    await story.push(shop__colour=config_map("colour", "red"))
    await story.deployed("colour", "red", within=60.0)
    await github.ssh.rotate(listed=False)
    await story.push(shop__colour=config_map("colour", "stolen"))

    async def condition() -> str:
        app = await story.place.cluster.get("Application", "web", group="argoproj.io") or {}
        return " ".join(one["message"] for one in (app.get("status") or {}).get("conditions") or ())

    await until(condition, lambda text: "host key" in text, within=30.0)
    found = await story.place.cluster.get("ConfigMap", "colour", namespace="shop") or {}
    assert found["data"]["value"] == "red"
    events = await story.place.cluster.find_all("Event", namespace=story.place.namespace)
    [alert] = [one for one in events if one["reason"] == "HostKeyNotListed"]
    assert alert["type"] == "Warning"
    assert alert["message"].count("SHA256:") >= 2, "the key that is shown, and those that are listed"


async def everything_is_gone(story: Story) -> None:
    place = story.place
    command = Command(*("teardown", "--cascade", "--yes", "--no-browser"), kubeconfig=story.cluster.kubeconfig())
    await command.start()
    async with story.browser("ada") as context:
        page = await context.new_page()
        await page.goto(await command.said(r"http://127\.0\.0\.1:\d+/organizations/\S+"))
        [app] = place.github.world.github_apps.values()
        await page.locator("input[name=verify]").fill(app.name)
        await page.get_by_role("button", name="Delete").click()
    assert await command.ended() == 0, command.output
    story.outputs.append(command.output)
    repository = place.github.world.repositories["acme/infra"]
    assert (list(repository.keys), place.github.world.github_apps, place.github.world.installations) == ([], {}, {})
    await until(lambda: place.cluster.get("Namespace", "argocd"), lambda found: found is None, within=60.0)
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        left = await place.cluster.find_all(kind, group="rbac.authorization.k8s.io")
        assert [one["metadata"]["name"] for one in left if "trimtab" in one["metadata"]["name"]] == []
    assert await place.cluster.find_all("Application", group="argoproj.io") == []
    assert await place.cluster.get("ConfigMap", "colour", namespace="shop") is None


def deliveries(story: Story) -> list[Any]:
    [app] = story.place.github.world.github_apps.values()
    return list(app.hook.deliveries)


async def secrets_of(story: Story) -> list[str]:
    """Every value of every Secret in the control namespace."""
    found = await story.place.cluster.find_all("Secret", namespace=story.place.namespace)
    ours = [one["metadata"]["name"] for one in found]
    values = [await story.place.cluster.secret(name) for name in ours]
    public = {
        "tls.crt",
        "ca.crt",
        "url",
        "name",
        "type",
        "slug",
        "owner",
        "id",
        "clientID",
        "installationID",
        "createdBy",
    }
    return [value for one in values for key, value in one.items() if key not in public]


async def public_texts(story: Story) -> list[str]:
    """Logs, Events, and what is in Git."""
    events = await story.place.cluster.find_all("Event")
    git = story.place.github.world.repositories["acme/infra"].git
    process = await asyncio.create_subprocess_exec(
        *("git", "-C", str(git), "log", "--all", "-p"), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return [(story.place.folder / "serve.log").read_text(), *(str(event) for event in events), output.decode()]
