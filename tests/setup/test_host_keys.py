"""The host keys of GitHub change under a running environment."""

import pytest

from tests.engine.world import conditions, until
from tests.setup.place import Place
from trimtab.controller import host_keys
from trimtab.kube import write
from trimtab.model.keys import Manifest
from trimtab.model.names import GROUP, REFRESH

ROOT = "production-applications"


async def refreshed(place: Place) -> Manifest:
    """The app-of-apps after another look at Git."""
    resource = await place.cluster.discovery.find(GROUP, "Application")
    asked = {"metadata": {"annotations": {REFRESH: "normal"}}}
    await write.patch(
        place.transport, resource, ROOT, asked, patch_type="merge", namespace=place.namespace, field_manager="tests"
    )

    async def look() -> Manifest:
        found = await place.cluster.get("Application", ROOT, group=GROUP)
        assert found is not None
        return found

    return await until(look, lambda app: REFRESH not in (app["metadata"].get("annotations") or {}))


async def told(place: Place, reason: str) -> list[str]:
    events = await place.cluster.find_all("Event", namespace=place.namespace)
    return [event["message"] for event in events if event["reason"] == reason]


async def test_a_listed_key_is_taken_and_another_stops_everything(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_keys, "MISMATCH_SECONDS", 0.0)
    ssh = place.github.ssh
    assert ssh is not None
    await place.set_up(place.environment(), place.terminal())
    assert "ComparisonError" not in conditions(await refreshed(place))

    await ssh.rotate()
    assert "ComparisonError" not in conditions(await refreshed(place))
    assert len(await until(lambda: told(place, "HostKeysReplaced"), bool)) == 1

    await ssh.rotate(listed=False)
    why = conditions(await refreshed(place))["ComparisonError"]
    assert "is not one of GitHub's" in why
    assert len(await until(lambda: told(place, "HostKeyNotListed"), bool)) == 1

    place.github.world.host_keys = list(ssh.host_keys.values())
    assert "ComparisonError" not in conditions(await refreshed(place))
    assert len(await until(lambda: told(place, "HostKeysReplaced"), lambda found: len(found) == 2)) == 2
