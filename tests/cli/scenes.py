"""What the transcripts begin with: a scene prepares the stage, an act changes it in between."""

from collections.abc import Callable, Mapping
from typing import Any

import pygit2

from tests.cli.stage import Stage
from tests.repos import EPOCH
from trimtab.declare.scaffold import APPLICATION
from trimtab.model.keys import Manifest

OLD, NEW = "1" * 40, "2f" * 20
TIME = "2026-03-01T12:00:00Z"
OVERLAY = "infrastructure/infrastructure/applications/web/overlays/production/kustomization.yaml"
FINALIZER = "resources-finalizer.argocd.argoproj.io"


def nothing(stage: Stage) -> None:
    """A cluster that does not know Applications."""


def installed(stage: Stage) -> None:
    """The CRDs, and no Application."""
    stage.install()


def fleet(stage: Stage) -> None:
    """Applications in several states, with no controller that would change them."""
    stage.install()
    stage.create(_healthy(), _degraded(), _unfetched(), _new())


def driven(stage: Stage) -> None:
    """A repository with an application in `deploy`, and a controller."""
    stage.install()
    stage.repo.commit({"deploy/web.yaml": WEB, "deploy/settings.yaml": SETTINGS, "deploy/hook.yaml": HOOK})
    stage.control()


def folder(stage: Stage) -> None:
    """Folders on disk that nobody has committed, and a cluster with the CRDs."""
    stage.install()
    files = {
        "work/deploy/web.yaml": WEB,
        "work/deploy/settings.yaml": SETTINGS,
        "work/deploy/hook.yaml": HOOK,
        "work/waves/namespace.yaml": NAMESPACE,
        "work/waves/late.yaml": LATE,
        "work/chart/Chart.yaml": "apiVersion: v2\nname: lamp\nversion: 1.0.0\n",
        "work/chart/values.yaml": "color: red\n",
        "work/chart/templates/lamp.yaml": LAMP,
        "work/broken/web.yaml": WEB + "---\nkind: [\n",
        "work/unknown/widget.yaml": "apiVersion: acme.example/v1\nkind: Widget\nmetadata: {name: lamp}\n",
        "work/empty/README.md": "nothing\n",
    }
    _write(stage, files)


def checkout(stage: Stage) -> None:
    """A checkout of the repository `infrastructure`, two environments, and the declaration of an application."""
    pygit2.init_repository(str(stage.folder / "infrastructure"), initial_head="main")
    _write(
        stage,
        {
            "production.yaml": ENVIRONMENT,
            "staging.yaml": ENVIRONMENT.replace("name: production", "name: staging"),
            "web.yaml": APPLICATION.replace("# host", "host"),
            "wrong.yaml": WRONG,
        },
    )


SCENES: dict[str, Callable[[Stage], None]] = {
    scene.__name__: scene for scene in (nothing, installed, fleet, driven, folder, checkout)
}


def push(stage: Stage) -> None:
    """A commit with another image, changed settings, and without the hook."""
    stage.repo.commit(
        {
            "deploy/web.yaml": WEB.replace("web:1", "web:2"),
            "deploy/settings.yaml": SETTINGS.replace("two", "TWO"),
            "deploy/hook.yaml": None,
        }
    )


def shrink(stage: Stage) -> None:
    """A commit that no longer declares the settings."""
    stage.repo.commit({"deploy/settings.yaml": None})


def break_it(stage: Stage) -> None:
    """A commit whose YAML is malformed."""
    stage.repo.commit({"deploy/settings.yaml": "kind: [ConfigMap\n"})


def refuse(stage: Stage) -> None:
    """A commit with a Deployment that the API server refuses."""
    stage.repo.commit({"deploy/web.yaml": WEB.replace("replicas: 2", "replicas: many")})


def scale(stage: Stage) -> None:
    """A person scales the Deployment."""
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
    stage.patch(web, {"spec": {"replicas": 5}})


def live(stage: Stage) -> None:
    """What the status of the application shop reports, but for one object, in the cluster."""
    for manifest in (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"mode": "on"}},
        {"apiVersion": "v1", "kind": "Secret", "stringData": {"password": "hunter2"}},
    ):
        name = {"metadata": {"name": "settings", "namespace": "shop"}}
        stage.create({**name, **manifest})


def commit(stage: Stage) -> None:
    """All that is in the checkout is committed."""
    repository = pygit2.Repository(str(stage.folder / "infrastructure"))
    repository.index.add_all()
    repository.index.write()
    ana = pygit2.Signature("ana", "ana@acme.example", EPOCH)
    parents = [] if repository.head_is_unborn else [repository.head.target]
    repository.create_commit("HEAD", ana, ana, "change", repository.index.write_tree(), parents)


def edit(stage: Stage) -> None:
    """A person adds a label to the overlay's kustomization."""
    _replace(stage, OVERLAY, "namespace: shop", "namespace: shop\ncommonAnnotations: {team: lamps}")


def pin(stage: Stage) -> None:
    """A person changes the version in the overlay, and not in the declaration."""
    _replace(stage, OVERLAY, "newTag: 1.1.0", "newTag: 1.1.0-hotfix")


def release(stage: Stage) -> None:
    """The declaration names another version, and one more replica."""
    _replace(stage, "web.yaml", "web:1.0.0", "web:1.1.0")
    _replace(stage, "web.yaml", "replicas: 1", "replicas: 2")


def release_again(stage: Stage) -> None:
    """The declaration names yet another version."""
    _replace(stage, "web.yaml", "web:1.1.0", "web:1.2.0")


def shared_change(stage: Stage) -> None:
    """The declaration wants a disk, and another port: what environments have in common."""
    text = (stage.folder / "web.yaml").read_text()
    disk = "volumes:\n- {name: data, path: /data, size: 1Gi, access: ReadWriteMany}\n"
    _write(stage, {"web.yaml": text.replace("port: 8080", "port: 9090") + disk})


def reviewed(stage: Stage) -> None:
    """A person has looked at the patch, and is done with it."""
    (stage.folder / f"{OVERLAY}.patch").unlink()


ACTS: dict[str, Callable[[Stage], None]] = {
    act.__name__: act
    for act in (
        push,
        shrink,
        break_it,
        refuse,
        scale,
        live,
        commit,
        edit,
        pin,
        release,
        release_again,
        shared_change,
        reviewed,
    )
}


def _write(stage: Stage, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        path = stage.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def _replace(stage: Stage, name: str, old: str, new: str) -> None:
    text = (stage.folder / name).read_text()
    assert old in text
    _write(stage, {name: text.replace(old, new)})


def _app(name: str, *, spec: dict[str, Any] | None = None, **parts: Any) -> Manifest:
    source = {"repoURL": f"https://git.acme.example/{name}.git", "path": "deploy", "targetRevision": "main"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd", "labels": {"team": name[:4]}, "finalizers": [FINALIZER]},
        "spec": {
            "project": "default",
            "source": source,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            **(spec or {}),
        },
        **parts,
    }


def _object(kind: str, name: str, *, namespace: str, **more: Any) -> dict[str, Any]:
    group, _, short = kind.rpartition("/")
    grouped = {"group": group} if group else {}
    return {**grouped, "version": "v1", "kind": short, "namespace": namespace, "name": name, "status": "Synced", **more}


def _entry(number: int, revision: str, **by: Any) -> dict[str, Any]:
    source = {"repoURL": "https://git.acme.example/shop.git", "path": "deploy", "targetRevision": "main"}
    return {"id": number, "revision": revision, "deployedAt": TIME, "initiatedBy": by, "source": source}


def _healthy() -> Manifest:
    health = {"health": {"status": "Healthy"}}
    return _app(
        "shop",
        spec={"syncPolicy": {"automated": {"prune": True, "selfHeal": True}}},
        status={
            "sync": {"status": "Synced", "revision": NEW},
            "health": {"status": "Healthy"},
            "resources": [
                _object("Service", "web", namespace="shop", **health),
                _object("apps/Deployment", "web", namespace="shop", **health),
                _object("ConfigMap", "settings", namespace="shop"),
                _object("Secret", "settings", namespace="shop"),
            ],
            "history": [_entry(0, OLD, username="ana"), _entry(1, NEW, automated=True)],
            "operationState": {
                "phase": "Succeeded",
                "message": "successfully synced (all tasks run)",
                "startedAt": TIME,
                "finishedAt": TIME,
                "operation": {"sync": {"revision": NEW}},
            },
        },
    )


def _degraded() -> Manifest:
    refused = 'Service "ledger" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535'
    failed = _object("Service", "ledger", namespace="billing") | {"status": "SyncFailed", "message": refused}
    return _app(
        "billing-with-a-rather-long-name",
        status={
            "sync": {"status": "OutOfSync", "revision": NEW},
            "health": {"status": "Degraded", "message": "Caused by apps/Deployment:billing/ledger"},
            "resources": [
                _object("Service", "ledger", namespace="billing") | {"status": "OutOfSync"},
                _object(
                    "apps/Deployment",
                    "ledger",
                    namespace="billing",
                    health={"status": "Degraded", "message": 'Deployment "ledger" exceeded its progress deadline'},
                ),
                _object("ConfigMap", "leftover", namespace="billing", requiresPruning=True) | {"status": "OutOfSync"},
            ],
            "history": [_entry(4, OLD, username="ana"), _entry(5, NEW, username="bo")],
            "operationState": {
                "phase": "Failed",
                "message": "one or more objects failed to apply",
                "startedAt": TIME,
                "finishedAt": TIME,
                "operation": {"sync": {"revision": NEW}},
                "syncResult": {"revision": NEW, "resources": [{"group": "", **failed}]},
            },
        },
    )


def _unfetched() -> Manifest:
    message = (
        "https://git.acme.example/cellar.git: Authentication failed; correct the credentials in the Secret "
        "argocd/repo-cellar; last fetched 2026-03-01T11:00:00Z"
    )
    return _app(
        "cellar",
        status={
            "sync": {"status": "Unknown", "revision": OLD},
            "health": {"status": "Healthy"},
            "conditions": [{"type": "ComparisonError", "message": message, "lastTransitionTime": TIME}],
        },
    )


def _new() -> Manifest:
    sources = [
        {"repoURL": "https://charts.acme.example", "chart": "front", "targetRevision": "1.x"},
        {"repoURL": "https://git.acme.example/values.git", "ref": "values"},
    ]
    app = _app("front", operation={"sync": {"revision": ""}})
    return {**app, "spec": {**{k: v for k, v in app["spec"].items() if k != "source"}, "sources": sources}}


WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "acme.example/web:1"}]}
"""
SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  poem: |
    one
    two
    three
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: hunter2}
"""
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {argocd.argoproj.io/hook: PreSync}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "acme.example/migrate:1"}]}}}
"""
NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata: {name: lamps, annotations: {argocd.argoproj.io/sync-wave: "-1"}}
"""
LATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: late, namespace: lamps, annotations: {argocd.argoproj.io/sync-wave: "2"}}
data: {a: b}
"""
LAMP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}"}
data: {color: "{{ .Values.color }}"}
"""

ENVIRONMENT = """\
apiVersion: trimtab.dev/v1alpha1
kind: Environment
name: production
domain: acme.example
organization: acme
teams: [platform]
repository: infrastructure
ingress: {class: nginx, tls: {issuer: letsencrypt}}
"""
WRONG = """\
apiVersion: trimtab.dev/v1alpha1
kind: ApplicationDeclaration
nmae: web
namespace: ../shop
image: ghcr.io/acme/web
replicas: many
"""
