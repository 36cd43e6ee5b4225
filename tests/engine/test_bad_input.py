"""Bad input: named on one line, harmless, and gone as soon as it is corrected."""

import json
from collections.abc import Callable

import pytest

from tests.engine.objects import config_map, crd, drop, files, service
from tests.engine.world import Scene, at, conditions
from tests.repos import Files, Link
from trimtab.errors import Retry
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP

Spoil = Callable[[Scene], Manifest]
NEW = files("app", config_map("new"))
UNKNOWN = {"apiVersion": "acme.example/v1", "kind": "Gadget", "metadata": {"name": "one"}}

COMMITS: dict[str, tuple[Files, tuple[str, ...]]] = {
    "malformed YAML": ({"app/bad.yaml": "a: b\n---\nkind: [\n"}, ("app/bad.yaml", "document 2", "line")),
    "no object": ({"app/bad.yaml": "- just\n- a list\n"}, ("app/bad.yaml",)),
    "no kind": ({"app/bad.yaml": "apiVersion: v1\nmetadata: {name: a}\n"}, ("app/bad.yaml", "kind")),
    "no name": ({"app/bad.yaml": "apiVersion: v1\nkind: ConfigMap\n"}, ("app/bad.yaml", "ConfigMap", "metadata")),
    "unknown kind": ({"app/bad.yaml": json.dumps(UNKNOWN)}, ("app/bad.yaml", "Gadget", "one", "acme.example/v1")),
    "wrong version": (
        {"app/bad.yaml": json.dumps({**config_map("a"), "apiVersion": "v7"})},
        ("app/bad.yaml", "ConfigMap", "v7"),
    ),
    "link out of the repository": ({"app/bad.yaml": Link("../../../etc/passwd")}, ("app/bad.yaml",)),
    "broken kustomization": ({"app/kustomization.yaml": "resources: [gone.yaml]\n"}, ("gone.yaml",)),
    "broken chart": (
        {"app/Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n", "app/templates/a.yaml": "{{ .Values.a.b.c }}"},
        ("a.yaml",),
    ),
    "missing path": ({"app": None}, ("app",)),
}
SPECS: dict[str, tuple[Callable[[Scene], Manifest], tuple[str, ...]]] = {
    "unknown revision": (lambda scene: {"source": {"targetRevision": "v9"}}, ("v9",)),
    "missing path": (lambda scene: {"source": {"path": "nowhere"}}, ("nowhere",)),
    "path out of the repository": (lambda scene: {"source": {"path": "../other"}}, ("../other",)),
    "unknown repository": (lambda scene: {"source": {"repoURL": f"{scene.repo.url}-gone"}}, ("repo.git-gone",)),
    "no server": (lambda scene: {"source": {"repoURL": "http://127.0.0.1:1/a.git"}}, ("127.0.0.1:1",)),
}
INVALID: dict[str, tuple[Callable[[Scene], Manifest], tuple[str, ...]]] = {
    "no source": (lambda scene: {"source": None}, ("spec.source",)),
    "unknown cluster": (
        lambda scene: {"destination": {"server": "https://far.example", "namespace": "a"}},
        ("https://far.example",),
    ),
    "two clusters": (lambda scene: {"destination": {"name": "in-cluster"}}, ("server", "name")),
    "unknown project": (lambda scene: {"project": "nobody"}, ("nobody",)),
}


async def synced_app(scene: Scene) -> Manifest:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(self_heal=True))
    await scene.synced()
    return await scene.app_until(lambda app: at(app, "status.health.status") == "Healthy")


def assert_red(app: Manifest, good: Manifest, words: tuple[str, ...], *, kind: str = "ComparisonError") -> None:
    """The condition names the trouble, everything else stays as it was."""
    message = conditions(app)[kind]
    assert "\n" not in message
    assert [word for word in words if word not in message] == [], message
    assert at(app, "status.sync.status") == "Unknown"
    assert at(app, "status.health") == at(good, "status.health")
    assert at(app, "status.operationState") == at(good, "status.operationState")
    assert "operation" not in app


@pytest.mark.parametrize("case", COMMITS)
async def test_a_bad_commit(scene: Scene, case: str) -> None:
    good = await synced_app(scene)
    bad, words = COMMITS[case]
    before = scene.repo.sha()
    scene.repo.commit({**NEW, **bad} if "app" not in bad else bad)
    app = await scene.refresh()
    assert_red(app, good, words)
    assert await scene.names("ConfigMap") - {"kube-root-ca.crt"} == {"settings"}
    scene.repo.branch("main", before)
    app = await scene.refresh()
    assert conditions(app) == {}
    assert at(app, "status.sync.status") == "Synced"


@pytest.mark.parametrize("case", SPECS)
async def test_a_source_that_cannot_be_fetched(scene: Scene, case: str) -> None:
    good = await synced_app(scene)
    change, words = SPECS[case]
    await scene.edit({"spec": change(scene)})
    app = await scene.app_until(lambda app: conditions(app))
    assert_red(app, good, (*words, "since 20", f"last good revision {scene.repo.sha()}"))
    await scene.edit({"spec": good["spec"]})
    app = await scene.app_until(lambda app: not conditions(app))
    assert at(app, "status.sync.status") == "Synced"


@pytest.mark.parametrize("case", INVALID)
async def test_a_spec_that_cannot_be(scene: Scene, case: str) -> None:
    good = await synced_app(scene)
    change, words = INVALID[case]
    await scene.edit({"spec": change(scene)})
    app = await scene.app_until(lambda app: conditions(app))
    assert_red(app, good, words, kind="InvalidSpecError")
    await scene.edit({"spec": {**good["spec"], "destination": {**good["spec"]["destination"], "name": None}}})
    await scene.app_until(lambda app: not conditions(app) and at(app, "status.sync.status") == "Synced")
    assert await scene.names("ConfigMap") - {"kube-root-ca.crt"} == {"settings"}


async def test_an_application_that_never_worked(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(path="nowhere"))
    app = await scene.app_until(lambda app: conditions(app))
    assert set(app["status"]) == {"conditions", "controllerNamespace", "health", "reconciledAt", "sync"}
    assert at(app, "status.sync.status") == "Unknown"
    assert at(app, "status.health.status") != "Progressing"
    assert set(at(app, "status.conditions")[0]) == {"type", "message", "lastTransitionTime"}


async def test_a_red_state_is_stable(resting: Scene) -> None:
    scene = resting
    await scene.start(poll=0.1)
    await synced_app(scene)
    await scene.edit({"spec": {"source": {"path": "nowhere"}}})
    before = await scene.app_until(lambda app: conditions(app))
    await scene.looked_at()
    async with scene.no_writes():
        await scene.looked_at(times=5)
    assert await scene.app() == before


async def test_a_hiccup_is_no_news(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await synced_app(scene)
    await scene.settled()
    failures = 0

    async def lost(*_: object, **__: object) -> None:
        nonlocal failures
        failures += 1
        raise Retry("git: connection reset by peer", reason="Unreachable")

    async with scene.no_writes():
        with monkeypatch.context() as patched:
            patched.setattr(scene.world.sources, "checkout", lost)
            scene.world.memory(scene.key()).poll_at = 0.0
            scene.world.queue.add(scene.key())
            await scene.looked_at(times=2)
    assert failures == 2
    assert await scene.app() == before
    with monkeypatch.context() as patched:
        patched.setattr(scene.world.sources, "checkout", lost)
        app = await scene.refresh()
    assert "connection reset" in conditions(app)["ComparisonError"]
    app = await scene.refresh()
    assert conditions(app) == {}


async def test_an_unreachable_repository_is_tried_again_with_patience(scene: Scene) -> None:
    await synced_app(scene)
    await scene.edit({"spec": {"source": {"repoURL": f"{scene.repo.url}-gone"}}})
    before = await scene.app_until(lambda app: conditions(app))
    await scene.settled()
    memory = scene.world.memory(scene.key())
    tried = memory.failures
    async with scene.no_writes():
        for number in range(20):
            changed = await scene.patch("ConfigMap", "settings", {"metadata": {"labels": {"n": str(number)}}})
        await scene.noticed("ConfigMap", "settings", changed)
    assert await scene.app() == before
    assert memory.failures - tried <= 1, "events of the cluster do not make us ask Git"


async def test_a_missing_definition_is_noticed_when_it_comes(scene: Scene) -> None:
    group = f"g{scene.token}.example.com"
    widget = {"apiVersion": f"{group}/v1alpha1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {}}
    scene.repo.commit(files("app", config_map("settings"), widget))
    await scene.create(scene.an_app())
    app = await scene.app_until(lambda app: conditions(app))
    assert "Widget" in conditions(app)["ComparisonError"]
    assert await scene.get("ConfigMap", "settings") is None
    await scene.create(crd("Widget", group))
    app = await scene.synced()
    assert conditions(app) == {}


async def test_a_project_that_is_made_later(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings")))
    await scene.create(scene.an_app(spec={"project": "later"}))
    app = await scene.app_until(lambda app: conditions(app))
    assert "later" in conditions(app)["InvalidSpecError"]
    everything = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]}
    everything["clusterResourceWhitelist"] = [{"group": "*", "kind": "*"}]
    project = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "AppProject", "spec": everything}
    await scene.create({**project, "metadata": {"name": "later", "namespace": scene.control}})
    await scene.refresh()
    await scene.synced()


async def test_an_empty_rendering_is_refused(scene: Scene) -> None:
    await synced_app(scene)
    scene.repo.commit({**drop("app/configmap-settings.yaml"), "app/README.md": "nothing here"})
    app = await scene.refresh()
    assert "wipe out" in conditions(app)["SyncError"]
    assert at(app, "status.sync.status") == "OutOfSync"
    assert await scene.get("ConfigMap", "settings") is not None
    await scene.edit({"spec": {"syncPolicy": {"automated": {"allowEmpty": True}}}})
    await scene.gone("ConfigMap", "settings")
    app = await scene.app_until(lambda app: at(app, "status.sync.status") == "Synced")
    assert conditions(app) == {}


async def test_a_refused_sync_can_be_had_by_hand(scene: Scene) -> None:
    await synced_app(scene)
    scene.repo.commit({**drop("app/configmap-settings.yaml"), "app/README.md": "nothing here"})
    await scene.refresh()
    await scene.operate({"sync": {"prune": True}})
    await scene.gone("ConfigMap", "settings")


async def test_two_applications_with_one_object(scene: Scene) -> None:
    scene.repo.commit(files("app", config_map("settings"), config_map("own")) | files("other", config_map("settings")))
    await scene.create(scene.an_app())
    await scene.synced()
    await scene.create(scene.an_app("other", path="other"))
    await scene.synced("other")
    app = await scene.app_until(lambda app: conditions(app))
    message = conditions(app)["SharedResourceWarning"]
    assert all(word in message for word in ("settings", scene.named("shop"), scene.named("other")))
    assert at(app, "status.sync.status") == "OutOfSync"
    scene.repo.commit(drop("app/configmap-settings.yaml"))
    await scene.refresh()
    app = await scene.synced()
    assert conditions(app) == {}
    assert await scene.get("ConfigMap", "settings") is not None


async def test_an_object_declared_twice(scene: Scene) -> None:
    scene.repo.commit(
        {**files("app", config_map("settings")), **files("app/z", config_map("settings", {"key": "two"}))}
    )
    await scene.create(scene.an_app(source={"directory": {"recurse": True}}))
    app = await scene.synced()
    message = conditions(app)["RepeatedResourceWarning"]
    assert all(word in message for word in ("settings", "app/configmap-settings.yaml", "app/z/configmap-settings.yaml"))


async def test_an_unknown_field_is_named(scene: Scene) -> None:
    bad = service("web")
    bad["spec"]["portz"] = []
    scene.repo.commit(files("app", bad))
    await scene.create(scene.an_app())
    app = await scene.sync_ended("Failed")
    assert "portz" in at(app, "status.operationState.message")
    assert "\n" not in at(app, "status.operationState.message")
    assert await scene.get("Service", "web") is None
