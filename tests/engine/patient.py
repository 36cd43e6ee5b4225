"""An environment in good health, for the doctor: GitHub and the UI on loopback, the Deployment as it is installed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.github import UI_HOST, GitHubOnLoopback
from tests.engine.objects import config_map, files
from tests.engine.world import Scene, until
from tests.servers.scripted import Reply, Scripted
from trimtab import __version__
from trimtab.clock import SystemClock
from trimtab.controller.environment import applied_environment
from trimtab.controller.namespace_data import NamespaceData
from trimtab.doctor.checks import CHECKS, examine
from trimtab.doctor.facts import Facts
from trimtab.environment.environment import Environment
from trimtab.environment.findings.finding import Finding
from trimtab.manifests.install import install_objects
from trimtab.manifests.options import InstallOptions

HOOKS = "GET /repos/acme/infrastructure/hooks"
VERSION = "GET /api/version"


class Patient:
    """An environment that a doctor looks at. `ui` answers at its host."""

    def __init__(self, github: GitHubOnLoopback, ui: Scripted) -> None:
        self.github = github
        self.scene = github.scene
        self.ui = ui

    async def env(self) -> Environment:
        kept = NamespaceData(self.scene.transport, self.scene.discovery, self.scene.control)
        applied = await applied_environment(kept)
        assert applied is not None
        return applied.env

    async def examined(self, *names: str, token: str = "t0ken", clock: Any = None) -> list[Finding]:
        """What these checks (all of them by default) find."""
        env = await self.env()
        async with Facts(
            env,
            transport=self.scene.transport,
            discovery=self.scene.discovery,
            clock=clock or SystemClock(),
            token=token,
            installed=install_objects(InstallOptions(namespace=env.namespace)),
        ) as facts:
            return await examine(facts, [one for one in CHECKS if not names or one.name in names])

    async def one(self, name: str, **given: Any) -> Finding:
        (found,) = await self.examined(name, **given)
        return found

    def hook(self, *codes: int, **fields: Any) -> None:
        """The repository's hook, and how its deliveries ended, the newest first."""
        url = f"https://{UI_HOST}:{self.github.ui_port}/api/webhook"
        hook = {"id": 7, "active": True, "events": ["push"], "config": {"url": url}, **fields}
        self.github.server.answer(HOOKS, Reply.json([hook]))
        self.github.server.answer(f"{HOOKS}/7/deliveries", Reply.json(deliveries(*codes)))


def deliveries(*codes: int) -> list[dict[str, Any]]:
    one = {"delivered_at": "2026-06-01T00:00:00Z", "redelivery": False, "status": "x", "event": "push"}
    return [{**one, "id": number, "guid": f"g{number}", "status_code": code} for number, code in enumerate(codes)]


@pytest.fixture
async def patient(github: GitHubOnLoopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Patient]:
    """In good health."""
    (tmp_path / "ca.pem").write_text(github.ca)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    (tmp_path / "ui").mkdir()
    async with Scripted(tls=github.authority.server(tmp_path / "ui", UI_HOST)) as ui:
        github.ui_port = ui.port
        ui.answer(VERSION, Reply.json({"Version": f"v3.5.1+trimtab.{__version__}"}))
        github.scene.repo.commit(files("app", config_map("settings")))
        await github.applied()
        await installed(github.scene)
        patient = Patient(github, ui)
        patient.hook(200, 200)
        yield patient


async def installed(scene: Scene) -> None:
    """The Deployment as it runs, with the rights of the manifests."""
    for manifest in install_objects(InstallOptions(namespace=scene.control)):
        if manifest["kind"] not in ("Namespace", "CustomResourceDefinition", "NetworkPolicy"):
            await scene.apply(manifest, by="tests", force=True)

    async def available() -> int:
        found = await scene.get("apps/Deployment", "trimtab", namespace=scene.control) or {}
        return int((found.get("status") or {}).get("availableReplicas") or 0)

    await until(available, lambda count: count == 2)
