"""What was there before, and is somebody else's: it is named, used or left alone, and outlives the environment."""

import base64
import re
from typing import Any

import pytest

from tests.setup.interrupting import BriskClock
from tests.setup.place import Place
from tests.setup.unchanged import world_of
from trimtab.environment.objects import repository_secret_name
from trimtab.errors import Stalled
from trimtab.kube import write
from trimtab.model.keys import Manifest
from trimtab.setup.read_file import read_text
from trimtab.setup.ssh_key import new_key, public_half

BY_TOKEN: dict[str, Any] = {"login": {"type": "oauthApp"}}


@pytest.fixture
def place(place: Place) -> Place:
    place.clock = BriskClock()
    return place


def by_token(place: Place, **fields: Any) -> str:
    place.token = place.github.world.personal_token("ada", "repo", "read:org")
    return place.environment(**{**BY_TOKEN, **fields})


async def there_is(place: Place, kind: str, name: str, *, group: str = "", **body: Any) -> None:
    """A person has made it, with kubectl."""
    resource = await place.cluster.discovery.find(group, kind)
    metadata: Manifest = {"name": name, **body.pop("metadata", {})}
    if resource.namespaced:
        metadata["namespace"] = place.namespace
    manifest = {"apiVersion": resource.kind.api_version, "kind": kind, "metadata": metadata, **body}
    await write.create(place.transport, resource, manifest, field_manager="kubectl-create")


async def a_namespace(place: Place) -> None:
    await there_is(place, "Namespace", place.namespace)


async def refused(place: Place, text: str, **options: Any) -> str:
    """The one line; nothing is planned, nor changed at GitHub or in the record of the environment."""
    terminal = place.terminal()
    before = (world_of(place.github), await place.cluster.config_map("trimtab-environment"))
    with pytest.raises(Stalled) as caught:
        await place.set_up(text, terminal, **options)
    assert not terminal.plans
    assert (world_of(place.github), await place.cluster.config_map("trimtab-environment")) == before
    return caught.value.message


@pytest.mark.parametrize("name", ["mine", ""], ids=["declared", "by argocd repo add"])
async def test_a_repository_secret_of_somebody_else_stays_theirs(place: Place, name: str) -> None:
    text = by_token(place)
    private = new_key().private
    repository = place.github.world.repositories["acme/infra"]
    key = place.github.world.deploy_key(repository, "mine", public_half(private), read_only=False, added_by="ada")
    await a_namespace(place)
    name = name or repository_secret_name(read_text(text, origin="environment.yaml").env)
    values = {"type": "git", "url": place.repository_url.removesuffix(".git"), "sshPrivateKey": private}
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    data = {one: base64.b64encode(value.encode()).decode() for one, value in values.items()}
    await there_is(place, "Secret", name, metadata={"labels": labels}, data=data)
    before = await place.cluster.get("Secret", name)
    terminal = place.terminal()
    assert await place.set_up(text, terminal) == "done"
    assert f"Secret {name}" in terminal.planned("leave")
    assert await place.set_up(text, place.terminal()) == "nothing"
    with pytest.raises(Stalled, match=f"Secret {name}.* is not of trimtab setup"):
        await place.rotate(text, "deploy-key", place.terminal())
    await place.tear_down(text, place.terminal())
    assert (repository.keys, repository.hooks) == ([key], [])
    assert await place.cluster.get("Secret", name) == before


async def test_keys_that_people_wrote_stay(place: Place) -> None:
    text = place.environment()
    await a_namespace(place)
    await there_is(place, "ConfigMap", "argocd-cm", data={"timeout.reconciliation": "60s"})
    await there_is(place, "ConfigMap", "argocd-rbac-cm", data={"policy.csv": "g, acme:shop, role:readonly"})
    await there_is(place, "Secret", "argocd-secret", data={"oidc.mine": base64.b64encode(b"mine").decode()})
    await place.set_up(text, place.terminal())
    await place.rotate(text, "webhook-secret", place.terminal())
    await place.tear_down(text, place.terminal())
    assert await place.cluster.config_map("argocd-cm") == {"timeout.reconciliation": "60s"}
    assert await place.cluster.config_map("argocd-rbac-cm") == {"policy.csv": "g, acme:shop, role:readonly"}
    secret = await place.cluster.secret("argocd-secret")
    assert secret["oidc.mine"] == "mine"
    assert not [key for key in secret if key.startswith(("webhook.", "dex."))]


async def test_a_namespace_that_was_there_stays(place: Place) -> None:
    await a_namespace(place)
    text, terminal = place.environment(), place.terminal()
    await place.set_up(text, terminal)
    assert "Namespace argocd" in terminal.planned("keep")
    await place.tear_down(text, terminal)
    assert "Namespace argocd" in terminal.planned("leave")
    assert await place.cluster.get("Namespace", "argocd") is not None
    assert await place.cluster.get("ConfigMap", "trimtab-environment") is None


async def test_a_live_argo_cd_is_not_fought(place: Place) -> None:
    await a_namespace(place)
    labels = {"app.kubernetes.io/part-of": "argocd", "app.kubernetes.io/name": "argocd-application-controller"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "controller", "image": "argocd"}]}}
    spec = {"selector": {"matchLabels": labels}, "serviceName": "argocd", "template": template}
    metadata = {"labels": labels}
    name = "argocd-application-controller"
    await there_is(place, "StatefulSet", name, group="apps", metadata=metadata, spec=spec)
    said = await refused(place, place.environment())
    assert said.startswith(
        f"Argo CD runs in this cluster (StatefulSet argocd/{name}). To take over, stop it: kubectl -n"
    )
    assert said.endswith("--replicas=0; or set it up instead with --engine argocd")
    await place.cluster.merge("StatefulSet", name, {"spec": {"replicas": 0}}, group="apps")
    assert await place.set_up(place.environment(), place.terminal(), dry_run=True) == "planned"


async def test_another_environment_is_not_overwritten(place: Place) -> None:
    await place.set_up(place.environment(), place.terminal())
    said = await refused(place, place.environment(name="staging"))
    assert "namespace argocd of this cluster holds environment production: write another install.namespace" in said


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"repository": "other"}, "repository: other was infra when production was set up"),
        ({"domain": "beta.localhost"}, "domain: https://argocd.beta.localhost"),
        ({"login": {"type": "oidc", "issuer": "https://id.example", "clientID": "x"}}, "login.type: oidc"),
    ],
    ids=["repository", "domain", "login"],
)
async def test_what_is_known_elsewhere_is_not_moved(place: Place, fields: dict[str, Any], line: str) -> None:
    """Its key, hook or App would be left behind."""
    place.github.world.repository("acme/other", files={"README.md": ""})
    await place.set_up(place.environment(), place.terminal())
    place.token = place.github.world.personal_token("ada", "repo", "read:org")
    said = await refused(place, place.environment(**fields))
    where, _, rest = said.partition(": ")
    assert where.startswith("environment.yaml:")
    assert rest.startswith(line)
    assert "reverse the set-up first with trimtab teardown" in rest


async def test_a_deploy_key_is_not_left_behind_for_an_app(place: Place) -> None:
    await place.set_up(place.environment(), place.terminal())
    said = await refused(place, place.environment(access="githubApp"))
    assert re.match(r"environment\.yaml:\d+: access: ", said)
    assert "deploy key trimtab production" in said
    assert "reverse the set-up first with trimtab teardown" in said


async def test_missing_rights_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_kind: str, body: Manifest) -> Manifest:
        asked = body["spec"]["resourceAttributes"]
        return {**body, "status": {"allowed": asked["resource"] not in ("clusterroles", "secrets")}}

    monkeypatch.setattr("trimtab.sandbox.reviews.answer", answer)
    said = await refused(place, place.environment())
    assert said == (
        "your account in the cluster may not patch clusterroles, patch secrets: ask for cluster-admin for the time of "
        "the set-up"
    )


async def test_an_empty_repository(place: Place) -> None:
    place.github.world.repository("acme/empty")
    text = by_token(place, repository="empty")
    assert await place.set_up(text, place.terminal()) == "done"
    assert await place.set_up(text, place.terminal()) == "nothing"


async def test_a_protected_branch_takes_a_pull_request(place: Place) -> None:
    world = place.github.world
    world.protect("acme/infra", "main")
    with pytest.raises(Stalled, match=r"^environment.yaml:\d+: changes: .* is protected, write changes: pullRequest$"):
        await place.set_up(by_token(place), place.terminal())
    text, terminal = by_token(place, changes="pullRequest"), place.terminal()
    assert await place.set_up(text, terminal) == "done"
    [pull] = world.repositories["acme/infra"].pulls
    assert (pull.head, pull.base, pull.state) == ("trimtab/production", "main", "open")
    again = place.terminal()
    assert await place.set_up(text, again) == "nothing"
    assert any("waits to be merged" in line.note for line in again.plan.lines())
    assert len(world.repositories["acme/infra"].keys) == 1


async def test_deploy_keys_that_a_policy_forbids_without_telling(place: Place) -> None:
    """Only owners see the policy beforehand."""
    world = place.github.world
    world.organisations["acme"].deploy_keys = False
    world.repositories["acme/infra"].collaborators["grace"] = "admin"
    text = by_token(place)
    place.token = world.personal_token("grace", "repo", "read:org")
    with pytest.raises(Stalled, match=r"environment.yaml:\d+: access: .*disabled.* write access: githubApp"):
        await place.set_up(text, place.terminal())
    found = await place.cluster.find_all("Secret", namespace="argocd", selector="argocd.argoproj.io/secret-type")
    assert found == [], "a key that GitHub will not have is kept by nobody"
    advised = by_token(place, access="githubApp")
    assert await place.set_up(advised, place.terminal(), dry_run=True) == "planned", "and the advice can be taken"


async def test_a_key_that_is_in_use_elsewhere_is_drawn_anew(place: Place) -> None:
    """Somebody has added it to another repository between two runs."""
    text, world = by_token(place), place.github.world
    await place.set_up(text, place.terminal())
    repository = world.repositories["acme/infra"]
    [key] = repository.keys
    world.remove_key(repository, key)
    other = world.repository("acme/other", files={})
    world.deploy_key(other, "moved", key.key, read_only=True, added_by="ada")
    with pytest.raises(Stalled, match="key is already in use"):
        await place.set_up(text, place.terminal())
    assert await place.set_up(text, place.terminal()) == "done"
    assert len(repository.keys) == 1
    assert repository.keys[0].key != key.key
