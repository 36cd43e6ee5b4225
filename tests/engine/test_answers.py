"""The answer to our own write may bring what others did a moment before: only that calls for a pass."""

from typing import Any

import pytest

from tests.engine.fixtures import STATE
from tests.engine.world import Scene
from trimtab.controller.applications import Applications
from trimtab.model.keys import AppKey
from trimtab.model.names import REFRESH, RESOURCES_FINALIZER, SKIP_RECONCILE

OTHERS: dict[str, dict[str, Any]] = {
    "spec": {"spec": {"source": {"targetRevision": "v2"}}},
    "operation": {"operation": {"sync": {"revision": "v2"}}},
    "refresh": {"metadata": {"annotations": {REFRESH: "normal"}}},
    "finalizer": {"metadata": {"finalizers": [RESOURCES_FINALIZER, "example.com/more"]}},
    "termination": {"status": {"operationState": {"phase": "Terminating"}}},
    "deletion": {},
}
OURS: dict[str, dict[str, Any]] = {
    "status": {"status": {"sync": {"status": "Synced"}}},
    "operation": {"operation": {"sync": {"revision": "v1"}}, "status": {"operationState": STATE}},
    "end": {"operation": None, "status": {"operationState": {"phase": "Succeeded"}}},
    "refresh": {"metadata": {"annotations": {REFRESH: None}}},
    "finalizer": {"metadata": {"finalizers": ["example.com/more"]}},
}


@pytest.mark.parametrize("what", OTHERS)
async def test_what_others_did_calls_for_a_pass(
    resting: Scene, stale: tuple[Applications, list[AppKey]], what: str
) -> None:
    applications, heard = stale
    app = applications.get(resting.key())
    assert app is not None
    if what == "deletion":
        await resting.delete("Application", resting.named(), namespace=resting.control)
    else:
        await resting.edit(OTHERS[what])
    await applications.patch(app, {"status": {"sync": {"status": "Synced"}}})
    assert heard == [resting.key()]


@pytest.mark.parametrize("what", OURS)
async def test_what_we_do_does_not(resting: Scene, stale: tuple[Applications, list[AppKey]], what: str) -> None:
    applications, heard = stale
    app = applications.get(resting.key())
    assert app is not None
    await applications.patch(app, OURS[what])
    assert heard == []


async def test_another_of_the_same_name_is_left_alone(resting: Scene, stale: tuple[Applications, list[AppKey]]) -> None:
    applications, _ = stale
    app = applications.get(resting.key())
    assert app is not None
    await resting.edit({"metadata": {"finalizers": None}})
    await resting.delete("Application", resting.named(), namespace=resting.control)
    await resting.create(resting.an_app(auto_sync=False))
    with pytest.raises(Exception, match=r"uid|UID"):
        await applications.patch(app, {"status": {"sync": {"status": "Synced"}}})
    assert "status" not in await resting.app()


async def test_a_skip_annotation_is_seen(resting: Scene, stale: tuple[Applications, list[AppKey]]) -> None:
    applications, _ = stale
    app = applications.get(resting.key())
    assert app is not None
    await resting.edit({"metadata": {"annotations": {SKIP_RECONCILE: "true"}}})
    now = await applications.patch(app, {"status": {"sync": {"status": "Synced"}}})
    assert (now.metadata.annotations or {})[SKIP_RECONCILE] == "true"
    assert applications.get(resting.key()) == now
