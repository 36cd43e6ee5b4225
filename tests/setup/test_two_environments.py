"""Two environments in one repository, each with a cluster: no command of one touches what is the other's."""

from pathlib import Path
from typing import Any

import pygit2
import pytest

from tests.setup.interrupting import BriskClock
from tests.setup.place import Place, a_place
from trimtab.demo.setup.pods import in_process
from trimtab.kube.config import load
from trimtab.sandbox import Sandbox
from trimtab.settings import Settings

ROTATED = ("deploy-key", "webhook-secret", "server-key")


async def belongings(place: Place, name: str) -> dict[str, Any]:
    """All that is the environment's: objects in its cluster, files in Git, key and App at GitHub."""
    world = place.github.world
    repository = world.repositories["acme/infra"]
    tree = pygit2.Repository(str(repository.git)).revparse_single("main^{tree}")
    there = [entry for entry in _files(tree) if f"/{name}/" in f"/{entry[0]}"]
    keys = [(key.id, key.key) for key in repository.keys if key.title.startswith(f"trimtab {name} ")]
    apps = [(slug, app.hook.url, app.hook.secret) for slug, app in world.github_apps.items() if name in slug]
    return {"objects": await place.objects(), "files": there, "keys": keys, "apps": apps}


def _files(tree: Any, above: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in tree:
        path = f"{above}{entry.name}"
        found += _files(entry, f"{path}/") if entry.type_str == "tree" else [(path, str(entry.id))]
    return found


async def test_no_command_of_one_touches_the_other(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    production = place.environment()
    await place.set_up(production, place.terminal())
    before = await belongings(place, "production")
    assert all(before.values()), before
    async with Sandbox() as sandbox:
        folder = tmp_path / "staging"
        folder.mkdir()
        config = load(sandbox.write_kubeconfig(folder / "kubeconfig"), None)
        run = in_process(config, Settings(cache=folder / "cache", poll=3600.0, jitter=0.0, calm=0.1))
        async with a_place(config, folder, monkeypatch, run, beside=place) as other:
            other.clock = BriskClock()
            staging = other.environment(name="staging", domain="staging.localhost")
            assert await other.set_up(staging, other.terminal()) == "done"
            assert await belongings(place, "production") == before, "set-up"
            for what in ROTATED:
                await other.rotate(staging, what, other.terminal())
                assert await belongings(place, "production") == before, what
            assert await other.tear_down(staging, other.terminal()) == "done"
            assert await belongings(place, "production") == before, "teardown"
            left = await belongings(place, "staging")
            assert (left["files"], left["keys"], left["apps"]) == ([], [], [])
    assert await place.set_up(production, place.terminal()) == "nothing"
