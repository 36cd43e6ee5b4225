"""The commands of docs/api.md and docs/webhooks.md are run as they stand there."""

import asyncio
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.engine.world import until
from tests.server.desk import PASSWORD, Desk
from tests.server.webhook.payloads import GITHUB, SAMPLES, SECRET
from trimtab.server.applications.catalogue import SORTS
from trimtab.server.webhook.providers import PROVIDERS

DOCS = Path(__file__).parents[3] / "docs"
API, WEBHOOKS = (DOCS / "api.md").read_text(), (DOCS / "webhooks.md").read_text()


def commands(text: str, program: str) -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        yield from (line for line in block.replace("\\\n", "").splitlines() if line.startswith(f"{program} "))


async def run(command: str, given: Mapping[str, str]) -> str:
    """What it prints; a reply of 400 or more is a failure."""
    strictly = command.replace("curl -s ", "curl -sS --fail-with-body ", 1)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "ARGOCD_SERVER": "", **given}
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", strictly, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=environment
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, f"{command}\n{printed.decode()}"
    return printed.decode()


@pytest.mark.parametrize("command", list(commands(API, "curl")))
async def test_commands_of_the_api(desk: Desk, command: str) -> None:
    given = {"ARGOCD_SERVER": desk.running.url, "PASSWORD": PASSWORD, "TOKEN": await desk.login("admin")}
    assert await run(command, given)


async def test_commands_of_webhooks(desk: Desk) -> None:
    (guard, rotate, end), (deliver,) = commands(WEBHOOKS, "kubectl"), commands(WEBHOOKS, "curl")
    await _patched(desk, guard)
    given = {"ARGOCD_SERVER": desk.running.url, "BODY": json.dumps(GITHUB.payload)}

    async def refused() -> bool:
        answer = await desk.call("POST", "/api/webhook", who="", data=b"{}", headers={"x-github-event": "push"})
        return answer.status == 401

    await until(refused, bool)
    assert "heard" in await run(deliver, {**given, "WEBHOOK_SECRET": SECRET})
    with pytest.raises(AssertionError, match="401"):
        await run(deliver, {**given, "WEBHOOK_SECRET": "another"})
    await _patched(desk, rotate)
    await until(lambda: _delivered(deliver, given, "another"), bool)
    assert await _delivered(deliver, given, SECRET)
    await _patched(desk, end)
    await until(lambda: _delivered(deliver, given, SECRET), lambda heard: not heard)
    assert await _delivered(deliver, given, "another")


async def _patched(desk: Desk, command: str) -> None:
    *_, patch = shlex.split(command.replace("$WEBHOOK_SECRET", SECRET).replace("$NEW_SECRET", "another"))
    await desk.patch("Secret", "argocd-secret", json.loads(patch), namespace=desk.control)


async def _delivered(deliver: str, given: Mapping[str, str], secret: str) -> bool:
    """Was it heard, signed with this secret?"""
    try:
        return "heard" in await run(deliver, {**given, "WEBHOOK_SECRET": secret})
    except AssertionError as refused:
        assert "401" in str(refused)
        return False


def test_providers_and_their_keys() -> None:
    for provider in PROVIDERS:
        assert provider.name in WEBHOOKS
        assert all(f"`{key}`" in WEBHOOKS for key in provider.keys)
    assert set(SAMPLES) >= {provider.name for provider in PROVIDERS}


def test_orders_of_lists() -> None:
    (line,) = re.findall(r"^\| `sort` \|.*$", API, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", line)) - {"sort"} == set(SORTS)
