"""The smaller nouns: settings, clusters, certificates, keys, notifications, and what is not served yet."""

import base64
import json

import pytest

from tests.engine.world import until
from tests.server.desk import Answer, Desk, quoted

ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
OTHER = "AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf"


def a_key(host: str = "git.example.com", data: str = ED25519) -> dict[str, str]:
    encoded = base64.b64encode(data.encode()).decode()
    return {"serverName": host, "certType": "ssh", "certSubType": "ssh-ed25519", "certData": encoded}


async def test_settings_need_no_login(desk: Desk) -> None:
    answer = await desk.call("GET", "/api/v1/settings", who="")
    assert answer.status == 200
    assert answer.body["url"] == "https://argocd.example.com"
    assert "controllerNamespace" not in answer.body
    known = await desk.call("GET", "/api/v1/settings", who="eve")
    assert known.body["controllerNamespace"] == desk.control
    assert (await desk.call("GET", "/api/v1/settings/plugins", who="")).status == 401


async def test_the_cluster_that_we_run_in(desk: Desk) -> None:
    answer = await desk.call("GET", "/api/v1/clusters", who="ada")
    (home,) = answer.body["items"]
    assert home["server"] == "https://kubernetes.default.svc"
    assert home["connectionState"]["status"] == "Successful"
    assert home["serverVersion"].startswith("v1.")
    assert (await desk.call("GET", "/api/v1/clusters", who="eve")).body["items"] is None
    by_url = await desk.call("GET", f"/api/v1/clusters/{quoted(home['server'])}")
    by_name = await desk.call("GET", "/api/v1/clusters/in-cluster?id.type=name")
    assert by_url.body["name"] == by_name.body["name"] == "in-cluster"
    again = await desk.call("POST", "/api/v1/clusters/in-cluster/invalidate-cache")
    assert again.status == 200


async def test_another_cluster_is_shown_without_its_secrets(desk: Desk) -> None:
    server = "https://prod.example.com:6443"
    await desk.installed(
        "Secret",
        "cluster-prod",
        {"server": server, "name": "prod", "config": '{"bearerToken": "hunter2"}'},
        **{"argocd.argoproj.io/secret-type": "cluster"},
    )

    async def listed() -> Answer:
        return await desk.call("GET", "/api/v1/clusters")

    answer = await until(listed, lambda seen: len(seen.body["items"]) == 2)
    assert "hunter2" not in str(answer.body)
    one = await desk.call("GET", f"/api/v1/clusters/{quoted(server)}")
    assert one.body["connectionState"]["status"] == "Unknown"
    hidden, missing = [await desk.call("GET", f"/api/v1/clusters/{n}", who="eve") for n in ("prod", "nothing")]
    assert hidden.failure == missing.failure == (403, 7, "permission denied")
    assert (await desk.call("POST", "/api/v1/clusters", json={"server": server})).failure[:2] == (501, 12)
    assert (await desk.call("POST", "/api/v1/clusters", who="ada", json={"server": server})).status == 403


async def test_host_keys_are_trusted_and_no_longer(desk: Desk) -> None:
    known = "# ours\n|1|hashed=|hashed= ssh-ed25519 AAAA\n"
    await desk.installed("ConfigMap", "argocd-ssh-known-hosts-cm", {"ssh_known_hosts": known})
    path = "/api/v1/certificates"
    made = await desk.call("POST", path, json={"items": [a_key(), a_key("other.example.com")]})
    assert made.status == 200, made.body
    (first, _) = (await desk.call("GET", path, who="ada", certType="ssh")).body["items"]
    assert first["serverName"] == "git.example.com"
    assert first["certInfo"].startswith("SHA256:")
    assert "certData" not in first
    changed = await desk.call("POST", path, json={"items": [a_key(data=OTHER)]})
    assert changed.failure[:2] == (400, 3)
    assert (await desk.call("POST", path, json={"items": [a_key(data=OTHER)]}, upsert=True)).status == 200
    gone = await desk.call("DELETE", path, hostNamePattern="other.*")
    assert [one["serverName"] for one in gone.body["items"]] == ["other.example.com"]
    text = await desk.get("ConfigMap", "argocd-ssh-known-hosts-cm", namespace=desk.control)
    assert text is not None
    assert text["data"]["ssh_known_hosts"] == f"{known}git.example.com ssh-ed25519 {OTHER}\n"


@pytest.mark.parametrize(
    "item",
    [
        {"serverName": "git.example.com", "certType": "ssh", "certSubType": "ssh-ed25519", "certData": "!"},
        {**a_key(), "certSubType": "ssh-ed25519 x"},
        {**a_key(), "serverName": "a b"},
        {**a_key(), "serverName": "x\n* ssh-rsa AAAA"},
        {**a_key(), "serverName": "x\r*"},
        {**a_key(), "serverName": "x\u2028*"},
        {**a_key(), "certSubType": "ssh-rsa\rx"},
        {**a_key(), "serverName": ""},
        {**a_key(), "certType": "ftp"},
        {**a_key(), "certType": "https"},
        a_key(data="AAAA\nevil.example.com ssh-ed25519 AAAA"),
    ],
)
async def test_what_is_no_certificate(desk: Desk, item: dict[str, str]) -> None:
    answer = await desk.call("POST", "/api/v1/certificates", json={"items": [item]})
    assert answer.failure[:2] == (400, 3)
    assert (await desk.call("GET", "/api/v1/certificates")).body["items"] is None


async def test_deleting_certificates_needs_a_pattern(desk: Desk) -> None:
    assert (await desk.call("DELETE", "/api/v1/certificates")).failure[:2] == (400, 3)
    assert (await desk.call("DELETE", "/api/v1/certificates", who="ada", hostNamePattern="*")).status == 403


async def test_a_pattern_does_not_reach_what_is_denied(desk: Desk) -> None:
    path = "/api/v1/certificates"
    await desk.call("POST", path, json={"items": [a_key(), a_key("other.example.com")]})
    rules = "p, eve, certificates, delete, *, allow\np, eve, certificates, delete, git.*, deny\n"
    await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": rules})

    async def deleted() -> Answer:
        return await desk.call("DELETE", path, who="eve", hostNamePattern="other.*")

    await until(deleted, lambda answer: answer.status == 200)
    assert (await desk.call("DELETE", path, who="eve", hostNamePattern="g*.example.com")).status == 403
    (left,) = (await desk.call("GET", path)).body["items"]
    assert left["serverName"] == "git.example.com"


async def test_keys_are_shown_and_taken_away_and_not_added(desk: Desk) -> None:
    await desk.installed("ConfigMap", "argocd-gpg-keys-cm", {"4AEE18F83AFDEB23": "-----BEGIN PGP"})

    async def listed() -> Answer:
        return await desk.call("GET", "/api/v1/gpgkeys", who="ada")

    answer = await until(listed, lambda seen: seen.body["items"])
    assert answer.body["items"][0]["keyID"] == "4AEE18F83AFDEB23"
    assert (await desk.call("GET", "/api/v1/gpgkeys/4AEE18F83AFDEB23")).status == 200
    assert (await desk.call("POST", "/api/v1/gpgkeys", json={"keyData": "x"})).failure[:2] == (501, 12)
    assert (await desk.call("DELETE", "/api/v1/gpgkeys", keyID="4AEE18F83AFDEB23")).status == 200
    assert (await desk.call("DELETE", "/api/v1/gpgkeys", keyID="4AEE18F83AFDEB23")).status == 404


async def test_names_of_notifications(desk: Desk) -> None:
    data = {"service.slack": "token: $x", "trigger.on-sync": "", "template.done": "", "context": ""}
    await desk.installed("ConfigMap", "argocd-notifications-cm", data)

    async def services() -> Answer:
        return await desk.call("GET", "/api/v1/notifications/services", who="eve")

    answer = await until(services, lambda seen: seen.body["items"])
    assert answer.body == {"items": [{"name": "slack"}]}


async def test_what_is_not_served_yet_says_what_is_missing(desk: Desk) -> None:
    answer = await desk.call("GET", "/api/v1/applicationsets")
    assert answer.failure == (501, 12, "generating applications (ApplicationSet) is not supported yet")
    assert (await desk.call("GET", "/api/v1/applicationsets", who="eve")).status == 403


async def test_a_refresh_is_a_write_and_is_audited(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "trimtab.audit")
    await desk.create(desk.an_app(auto_sync=False))
    path = f"/api/v1/applications/{desk.named()}"
    assert (await desk.call("GET", path)).status == 200
    assert (await desk.call("GET", path, refresh="normal")).status == 200
    lines = [json.loads(one.message) for one in caplog.records if one.name == "trimtab.audit"]
    about = [line for line in lines if line["operation"] == "ApplicationService_Get"]
    assert [line["object"] for line in about] == [{"name": desk.named(), "refresh": "normal"}]
