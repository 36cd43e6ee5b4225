"""The same without a GitHub App: a form that is filled in, two values pasted, a key by the person's own token."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.cluster.setup.command_line import Command
from tests.cluster.setup.conftest import Person
from tests.setup.place import Place
from tools.controlplane.run import ControlPlane

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore::ResourceWarning")]


async def test_a_filled_in_form_and_two_pasted_values(
    place: Place, empty_cluster: ControlPlane, browser: Person, tmp_path: Path
) -> None:
    file = tmp_path / "environment.yaml"
    file.write_text(place.environment(login={"type": "oauthApp"}))
    token = place.github.world.personal_token("ada", "repo", "read:org")
    command = Command("setup", "-f", str(file), "--no-browser", kubeconfig=empty_cluster.kubeconfig(), GH_TOKEN=token)
    await command.start()
    await command.said(r"Carry this out\? \[y/N\]")
    command.type("y")
    async with browser("ada") as context:
        page = await context.new_page()
        await page.goto(await command.page(r"http://127\.0\.0\.1:\d+/organizations/\S+"))
        await page.get_by_role("button", name="Register application").click()
        await page.get_by_role("button", name="Generate a new client secret").click()
        client_id = await page.locator("#client-id").inner_text()
        secret = await page.locator("#client-secret").inner_text()
    await command.said("Client ID: ")
    command.type(client_id)
    await command.said("Client secret: ")
    command.type(secret)
    assert await command.ended(within=120) == 0, command.output
    assert secret not in command.output, "what is pasted is not echoed"
    assert token not in command.output
    assert "deleting that token deletes the key" in " ".join(command.output.split())
    await everybody_has_what_they_should(place, empty_cluster, browser, file=file, token=token)


async def everybody_has_what_they_should(
    place: Place, cluster: ControlPlane, browser: Person, *, file: Path, token: str
) -> None:
    repository = place.github.world.repositories["acme/infra"]
    assert [key.read_only for key in repository.keys] == [True]
    assert [hook.url for hook in repository.hooks] == [f"{place.url}/api/webhook"]
    async with browser("ada") as context:
        page = await context.new_page()
        await page.goto(f"{place.url}/login")
        await page.get_by_role("link", name="GitHub").click()
        await page.get_by_role("button", name="Authorize").click()
        await expect(page.get_by_text("production-applications").first).to_be_visible()
    again = Command("setup", "-f", str(file), "--dry-run", kubeconfig=cluster.kubeconfig(), GH_TOKEN=token)
    assert await again.run() == 0, again.output
    gone = Command("teardown", "--yes", kubeconfig=cluster.kubeconfig(), GH_TOKEN=token)
    assert await gone.run() == 0, gone.output
    assert (repository.keys, repository.hooks) == ([], [])
