"""Single sign-on in the whole server: its ConfigMaps and Secrets in Kubernetes, its sessions ended everywhere."""

import asyncio
import json
from collections.abc import Callable

import pytest

from tests.engine.world import until
from tests.server.auth_sso.conftest import CLIENT
from tests.server.auth_sso.test_github import dex
from tests.server.auth_sso.visitor import Visitor
from tests.server.desk import Desk
from tests.servers.github_contract import GitHubContract
from trimtab.fakegithub.server import FakeGitHub


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_configured_logged_in_allowed_and_out_again(
    desk: Desk, visitors: Callable[[str], Visitor], caplog: pytest.LogCaptureFixture
) -> None:
    url, sign_on = desk.running.url, desk.running.served.sign_on
    async with FakeGitHub(validator=GitHubContract()) as github:
        github.world.user("ada", email="ada@example.com")
        github.world.organisation("acme", "ada")
        github.world.team("acme", "platform", "ada")
        app = github.world.app(f"{url}/api/dex/callback")
        await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": "g, acme:platform, role:readonly\n"})
        config = dex(github, app, clientSecret="$github:secret")
        await desk.installed("ConfigMap", "argocd-cm", {"url": url, "dex.config": config})
        await _until(lambda: "argocd-cm" in desk.running.served.configuration.problems())
        await desk.installed("Secret", "github", {"secret": app.client_secret})
        await _until(lambda: bool(sign_on.connectors))
        ada = visitors(url)
        assert (await ada.log_in("ada")).status == 303
        assert (await ada.me())["groups"] == ["acme:platform"]
        token = ada.cookie("argocd.token")
        assert (await ada.get("/auth/logout")).location == "/login"
        assert not (await ada.me(authorization=f"Bearer {token}"))["loggedIn"]
        assert (await ada.log_in("ada")).status == 303
        await desk.installed("ConfigMap", "argocd-cm", {"url": url, "dex.config": json.dumps({"connectors": []})})
        await _until(lambda: not sign_on.connectors)
        assert not (await ada.me())["loggedIn"]
    assert app.client_secret not in caplog.text
    assert not any(one in caplog.text for one in github.world.tokens)


async def test_a_real_provider_and_rights_by_its_groups(
    desk: Desk, issuer: str, visitors: Callable[[str], Visitor]
) -> None:
    url, sign_on = desk.running.url, desk.running.served.sign_on
    await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": "g, platform, role:admin\n"})
    await desk.installed("Secret", "sso", {"secret": str(CLIENT["client_secret"])})
    config = {"name": "Company", "issuer": issuer, "clientID": CLIENT["client_id"], "clientSecret": "$sso:secret"}
    await desk.installed("ConfigMap", "argocd-cm", {"url": url, "oidc.config": json.dumps(config)})
    await _until(lambda: bool(sign_on.connectors))
    ada = visitors(url)
    assert (await ada.get("/api/v1/clusters")).status == 401
    assert (await ada.log_in("ada")).status == 303
    assert (await ada.me())["iss"] == issuer
    can = await ada.get("/api/v1/account/can-i/clusters/update/*")
    assert (can.status, json.loads(can.text)) == (200, {"value": "yes"})
    await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": "g, platform, role:readonly\n"})

    async def allowed() -> object:
        return json.loads((await ada.get("/api/v1/account/can-i/clusters/update/*")).text)["value"]

    await until(allowed, lambda value: value == "no")
