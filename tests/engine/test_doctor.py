"""Everything that `trimtab doctor` looks at, on the sandbox, a GitHub on loopback, a real sshd and a UI with TLS."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.engine.github import UI_HOST, GitHubOnLoopback
from tests.engine.objects import config_map, files
from tests.engine.world import Scene, until
from tests.servers.app_key import app_key
from tests.servers.authority import Authority
from tests.servers.openssh import OpenSsh
from tests.servers.scripted import Reply, Scripted
from trimtab import __version__
from trimtab.clock import StepClock, SystemClock
from trimtab.controller.environment import applied_environment
from trimtab.controller.events import Recorder
from trimtab.controller.findings import CHEAP, EVERY_SECONDS, FIRST_SECONDS, Findings
from trimtab.controller.namespace_data import NamespaceData
from trimtab.doctor.checks import CHECKS, Check, examine
from trimtab.doctor.facts import Facts
from trimtab.environment.environment import Environment
from trimtab.environment.findings.finding import Finding
from trimtab.environment.names import APP, ENVIRONMENT, KNOWN_HOSTS
from trimtab.errors import Stalled
from trimtab.manifests.install import install_objects
from trimtab.manifests.options import InstallOptions
from trimtab.model.known_hosts import HostKey

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
    one = {"guid": "g", "delivered_at": "2026-06-01T00:00:00Z", "redelivery": False, "status": "x", "event": "push"}
    return [{**one, "id": number, "status_code": code} for number, code in enumerate(codes)]


@pytest.fixture
async def patient(resting: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Patient]:
    """In good health."""
    authority = Authority()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    (tmp_path / "ca.pem").write_text(authority.pem)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "ui").mkdir()
    ui = Scripted(tls=authority.server(tmp_path / "ui", UI_HOST))
    server = Scripted(tls=authority.server(tmp_path, "127.0.0.1"))
    with OpenSsh(tmp_path / "ssh") as ssh:
        async with ui, server:
            github = GitHubOnLoopback(resting, server, ssh, ca=authority.pem)
            github.ui_port = ui.port
            github.lists(github.host_key)
            ui.answer(VERSION, Reply.json({"Version": f"v3.5.1+trimtab.{__version__}"}))
            resting.repo.commit(files("app", config_map("settings")))
            await github.applied()
            await installed(resting)
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


async def test_good_health(patient: Patient) -> None:
    await patient.scene.create(patient.scene.an_app(source={"repoURL": patient.github.url}))
    found = await patient.examined()
    assert [one for one in found if one.level != "ok"] == []
    assert {one.check for one in found} == {check.name for check in CHECKS}
    assert patient.github.url in {one.subject for one in found if one.check == "fetches"}


async def test_every_check_says_what_to_do(patient: Patient) -> None:
    """Of an environment of which little is left."""
    await patient.scene.delete("ConfigMap", KNOWN_HOSTS, namespace=patient.scene.control)
    await patient.scene.delete("apps/Deployment", "trimtab", namespace=patient.scene.control)
    patient.ui.answer(VERSION, Reply(b"busy", 503))
    patient.github.server.answer(HOOKS, Reply.json([]))
    found = await patient.examined()
    troubles = [one for one in found if one.level != "ok"]
    assert {one.check for one in troubles} == {"fetches", "host-keys", "webhook", "ui", "versions"}
    assert all(one.fix for one in troubles)
    assert all("\n" not in f"{one.message}{one.fix}" for one in found)


async def test_a_key_of_rsa_and_a_fetch_that_is_refused(patient: Patient) -> None:
    key = asyncssh.generate_private_key("ssh-rsa").export_private_key()
    patch = {"data": {"sshPrivateKey": base64.b64encode(key).decode()}}
    await patient.scene.patch("Secret", "repo-1", patch, namespace=patient.scene.control)
    credential, fetch = await patient.examined("credentials", "fetches")
    assert (credential.level, "RSA" in credential.message) == ("error", True)
    assert (fetch.level, "refused the SSH key" in fetch.message) == ("error", True)
    assert "PRIVATE KEY" not in f"{credential}{fetch}"


async def test_a_token_of_a_person_is_asked_when_it_ends(patient: Patient) -> None:
    server = patient.github.server
    server.answer("GET /rate_limit", Reply.json({}, github_authentication_token_expiration="2026-06-03 00:00:00 UTC"))
    values = {"url": f"{server.url}/acme/infrastructure", "username": "ada", "password": "ghp_s3cret"}
    patch = {"data": {name: base64.b64encode(one.encode()).decode() for name, one in values.items()}}
    patch["data"]["sshPrivateKey"] = None  # type: ignore[assignment]
    await patient.scene.patch("Secret", "repo-1", patch, namespace=patient.scene.control)
    found = await patient.one("credentials")
    assert "2026-06-03" in found.message
    assert "s3cret" not in str(found)


async def test_host_keys_that_github_does_not_list(patient: Patient) -> None:
    patient.github.ssh.new_host_key()
    patient.github.lists(patient.github.host_key)
    found = await patient.one("host-keys")
    assert (found.level, "does not list" in found.message) == ("error", True)


@pytest.mark.parametrize(
    ("codes", "fields", "level"),
    [
        ((200, 401), {}, "warning"),
        ((401,), {}, "error"),
        ((), {}, "warning"),
        ((200,), {"active": False}, "error"),
        ((200,), {"config": {"url": "https://elsewhere.example/api/webhook"}}, "error"),
    ],
)
async def test_webhooks(patient: Patient, codes: tuple[int, ...], fields: dict[str, Any], level: str) -> None:
    patient.hook(*codes, **fields)
    found = await patient.one("webhook")
    assert (found.level, bool(found.fix)) == (level, True)
    sent = patient.github.server.got(HOOKS)
    assert sent[0].headers["authorization"] == "Bearer t0ken"


async def test_the_hook_of_the_app(patient: Patient) -> None:
    data = {name: base64.b64encode(one.encode()).decode() for name, one in {"id": "7", "privateKey": app_key()}.items()}
    metadata = {"name": APP, "namespace": patient.scene.control}
    await patient.scene.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    url = f"https://{UI_HOST}:{patient.github.ui_port}/api/webhook"
    server = patient.github.server
    server.answer("GET /app/hook/config", Reply.json({"url": url, "secret": "********"}))
    server.answer("GET /app/hook/deliveries", Reply.json(deliveries(502, 200)))
    found = await patient.one("webhook", token="")
    assert (found.level, "failed (502)" in found.message) == ("error", True)


async def test_without_a_token_the_webhook_is_not_seen(patient: Patient) -> None:
    found = await patient.one("webhook", token="")
    assert (found.level, "set GITHUB_TOKEN" in found.message) == ("warning", True)


async def test_a_name_that_leads_nowhere(patient: Patient) -> None:
    file = patient.github.file.replace(UI_HOST, "argocd.acme.invalid")
    await patient.github.map(ENVIRONMENT, {"environment.yaml": file})
    dns, certificate, ui = await patient.examined("dns", "certificate", "ui")
    assert (dns.level, "external-dns" in dns.fix) == ("error", True)
    assert (certificate.level, ui.level) == ("warning", "error")


async def test_a_certificate_that_is_not_trusted(patient: Patient, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(Authority("another").pem)
    certificate, ui = await patient.examined("certificate", "ui")
    assert (certificate.level, "is not trusted" in certificate.message) == ("error", True)
    assert (ui.level, "not trusted" in ui.fix) == ("error", True)


async def test_nobody_listens(patient: Patient) -> None:
    file = patient.github.file.replace(f"port: {patient.github.ui_port}", "port: 1")
    await patient.github.map(ENVIRONMENT, {"environment.yaml": file})
    certificate, ui = await patient.examined("certificate", "ui")
    assert (certificate.level, ui.level) == ("warning", "error")


async def test_a_version_that_ends(patient: Patient) -> None:
    app = await patient.scene.create(patient.scene.an_app())
    resource = {"group": "policy", "version": "v1beta1", "kind": "PodDisruptionBudget", "name": "web"}
    body = {"status": {"resources": [{**resource, "status": "Synced"}]}}
    await patient.scene.patch("Application", app["metadata"]["name"], body, namespace=patient.scene.control)
    found = [one for one in await patient.examined("deprecations") if one.level == "error"]
    assert [one.subject for one in found] == ["policy/v1beta1 PodDisruptionBudget"]
    assert (found[0].fix, "web of shop" in found[0].message) == ("write it as policy/v1", True)


async def test_what_cannot_be_seen_is_a_finding(patient: Patient, caplog: pytest.LogCaptureFixture) -> None:
    async def stalled(_: Facts) -> list[Finding]:
        raise Stalled("it is away", reason="Away")

    async def broken(_: Facts) -> list[Finding]:
        raise ZeroDivisionError

    async with Facts(
        await patient.env(),
        transport=patient.scene.transport,
        discovery=patient.scene.discovery,
        clock=SystemClock(),
    ) as facts:
        found = await examine(facts, [Check("one", stalled), Check("two", broken)])
    assert [one.level for one in found] == ["warning", "warning"]
    assert ("it is away" in found[0].message, "a defect in Trimtab" in found[1].message) == (True, True)
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()


@contextlib.asynccontextmanager
async def looking(patient: Patient) -> AsyncIterator[tuple[Findings, StepClock]]:
    """The controller's part, before its first look."""
    scene, clock = patient.scene, StepClock()
    recorder = Recorder(scene.transport, scene.discovery, clock)
    findings = Findings(scene.transport, scene.discovery, namespace=scene.control, clock=clock, recorder=recorder)
    task = asyncio.create_task(findings.keep())
    try:
        await until(lambda: _sleeps(clock), bool)
        yield findings, clock
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await recorder.flush()


async def _sleeps(clock: StepClock) -> bool:
    return bool(clock._sleepers)


async def look(clock: StepClock, seconds: float) -> None:
    """Return when the look that is due then is over."""
    clock.step(seconds)
    await asyncio.sleep(0)
    await until(lambda: _sleeps(clock), bool)


async def test_the_controller_raises_what_is_new_once(patient: Patient) -> None:
    async with looking(patient) as (findings, clock):
        assert findings.counts == {}
        await look(clock, FIRST_SECONDS)
        assert {check for check, _ in findings.counts} == {check.name for check in CHEAP}
        assert {level for _, level in findings.counts} == {"ok"}
        assert await patient.github.told("Finding") == []

        patient.github.lists(patient.github.host_key, other_key())
        for _ in range(3):
            await look(clock, EVERY_SECONDS)
        assert findings.counts["host-keys", "warning"] == 1
        await findings._recorder.flush()
        (message,) = await patient.github.told("Finding")
        assert message.startswith(f"host-keys: {patient.github.place}: ")

        patient.github.lists(patient.github.host_key)
        await look(clock, EVERY_SECONDS)
        await findings._recorder.flush()
        assert await patient.github.told("FindingCleared") == [f"host-keys: {patient.github.place} is well again"]
        assert len(await patient.github.told("Finding")) == 1


async def test_the_controller_looks_at_no_environment_where_there_is_none(patient: Patient) -> None:
    asked = patient.github.asked
    await patient.scene.delete("ConfigMap", ENVIRONMENT, namespace=patient.scene.control)
    async with looking(patient) as (findings, clock):
        await look(clock, FIRST_SECONDS)
        await look(clock, EVERY_SECONDS)
        assert (findings.counts, patient.github.asked) == ({}, asked)


async def test_an_environment_that_cannot_be_read_ends_nothing(
    patient: Patient, caplog: pytest.LogCaptureFixture
) -> None:
    await patient.github.map(ENVIRONMENT, {"environment.yaml": "a: ["})
    async with looking(patient) as (findings, clock):
        await look(clock, FIRST_SECONDS)
        assert "the environment is not looked at" in caplog.text
        await patient.github.map(ENVIRONMENT, {"environment.yaml": patient.github.file})
        await look(clock, EVERY_SECONDS)
        assert findings.counts["credentials", "ok"] == 1


def other_key() -> HostKey:
    return HostKey(*asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[:2])
