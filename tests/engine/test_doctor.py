"""Everything that `trimtab doctor` looks at, on the sandbox, a GitHub on loopback, a real sshd and a UI with TLS."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.engine.github import UI_HOST
from tests.engine.patient import HOOKS, VERSION, Patient, deliveries
from tests.engine.world import until
from tests.servers.app_key import app_key
from tests.servers.authority import Authority
from tests.servers.scripted import Reply
from trimtab.clock import StepClock, SystemClock
from trimtab.controller.events import Recorder
from trimtab.controller.findings import CHEAP, EVERY_SECONDS, FIRST_SECONDS, Findings
from trimtab.doctor.checks import CHECKS, Check, examine
from trimtab.doctor.facts import Facts
from trimtab.environment.findings.finding import Finding
from trimtab.environment.names import APP, ENVIRONMENT, KNOWN_HOSTS
from trimtab.errors import Stalled
from trimtab.model.known_hosts import HostKey


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


async def test_each_repository_is_asked_once_and_charts_are_not(patient: Patient) -> None:
    """Whatever its URL is spelt like; what serves charts or artifacts is no Git repository."""
    scene, url = patient.scene, patient.github.url
    sources: dict[str, dict[str, Any]] = {
        "a": {"repoURL": url},
        "b": {"repoURL": f"{url.removesuffix('.git')}/"},
        "c": {"repoURL": "https://charts.example", "chart": "web"},
        "d": {"repoURL": "oci://registry.example/web"},
    }
    for name, source in sources.items():
        await scene.create(scene.an_app(name, source=source))
    values = {"type": "helm", "url": "https://charts.example"}
    data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
    metadata = {
        "name": "charts",
        "namespace": scene.control,
        "labels": {"argocd.argoproj.io/secret-type": "repository"},
    }
    await scene.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    found = await patient.examined("fetches")
    assert [(one.subject, one.level) for one in found] == [(url, "ok")]


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


async def test_within_the_cluster_the_certificate_is_not_held_to_authorities(patient: Patient, tmp_path: Path) -> None:
    """Nor is it missed where the ingress cannot be reached from there."""
    (tmp_path / "ca.pem").write_text(Authority("another").pem)
    async with looking(patient) as (findings, clock):
        await look(clock, FIRST_SECONDS)
        assert findings.counts["certificate", "ok"] == 1
        file = patient.github.file.replace(f"port: {patient.github.ui_port}", "port: 1")
        await patient.github.map(ENVIRONMENT, {"environment.yaml": file})
        await look(clock, EVERY_SECONDS)
        assert not {level for check, level in findings.counts if check == "certificate"}


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
