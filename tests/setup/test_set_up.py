"""Set-up from nothing, again, and back to nothing."""

import pytest

from tests.clocks import SwiftClock
from tests.setup.place import Place
from trimtab.environment.outside import Seen, Trouble
from trimtab.kube import write
from trimtab.model.keys import Manifest
from trimtab.model.names import TRACKING_ID
from trimtab.setup.job import Job
from trimtab.setup.steps import outside


def deployed_by(root: str) -> Manifest:
    """An Application in the environment's folder, which its app-of-apps has deployed."""
    tracking = {TRACKING_ID: f"{root}:argoproj.io/Application:argocd/web"}
    source = {"repoURL": "https://git.acme.example/web.git", "path": "."}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "web", "namespace": "argocd", "annotations": tracking},
        "spec": {"project": "default", "source": source, "destination": {"namespace": "shop"}},
    }


async def test_from_nothing_with_three_clicks(place: Place) -> None:
    text, terminal = place.environment(), place.terminal()
    assert await place.set_up(text, terminal) == "done"
    assert len(place.visitor.clicks) == 3
    [key] = place.github.world.repositories["acme/infra"].keys
    assert key.read_only
    assert key.key.startswith("ssh-ed25519 ")
    await place.github.delivered()
    [app] = place.github.world.github_apps.values()
    unheard = {one.guid for one in app.hook.deliveries} - {
        one.guid for one in app.hook.deliveries if one.status_code == 200
    }
    assert not unheard, "what GitHub told before there was a server was told again"


async def test_again_changes_nothing(place: Place) -> None:
    text = place.environment()
    await place.set_up(text, place.terminal())
    before = await place.objects()
    again = place.terminal()
    assert await place.set_up(text, again) == "nothing"
    assert await place.objects() == before
    assert not again.pages


async def test_an_address_has_to_answer_steadily(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies take an Ingress up one after the other: those that have not yet are met again."""
    looks: list[Trouble] = ["connection", "", "certificate", "", "", "certificate", "", "", ""]
    answers = iter(looks)

    async def observed(_job: Job) -> Seen:
        return Seen(trouble=next(answers), detail="refused", addresses=("127.0.0.1",))

    monkeypatch.setattr(outside, "_observed", observed)
    place.clock, terminal = SwiftClock(), place.terminal()
    async with await place.job(place.environment(), terminal) as job:
        await outside.act(job)
    assert next(answers, None) is None
    assert len(terminal.heard) == 2, "the same trouble is said once"


async def test_rights_that_somebody_narrowed_stay_narrow(place: Place) -> None:
    text = place.environment()
    await place.set_up(text, place.terminal())
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    roles = await place.cluster.discovery.find("rbac.authorization.k8s.io", "ClusterRole")
    body = {"rules": rules}
    await write.patch(
        place.transport, roles, "trimtab-controller", body, patch_type="merge", field_manager="kubectl-edit"
    )
    again = place.terminal()
    assert await place.set_up(text, again) == "nothing"
    assert again.planned("leave") == ["ClusterRole trimtab-controller"]
    live = await place.cluster.get("ClusterRole", "trimtab-controller", group="rbac.authorization.k8s.io") or {}
    assert live["rules"] == rules


async def test_taken_down_nothing_is_left(place: Place) -> None:
    text = place.environment()
    await place.set_up(text, place.terminal())
    await place.cluster.apply(deployed_by("production-applications"))
    terminal = place.terminal()
    assert await place.tear_down(text, terminal) == "done"
    repository = place.github.world.repositories["acme/infra"]
    assert (repository.keys, place.github.world.github_apps, place.github.world.installations) == ([], {}, {})
    await place.vanished("Namespace", "argocd")
    assert "Namespace argocd" in terminal.planned("delete")
    assert terminal.planned("leave") == []
    assert await place.set_up(text, place.terminal()) == "done", "and it can be set up again"
