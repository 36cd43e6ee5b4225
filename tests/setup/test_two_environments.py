"""Two environments in one repository, each with a cluster: no command of one touches what is the other's."""

import shutil
from pathlib import Path
from typing import Any

import pygit2
import pytest

from tests.cluster.setup.command_line import Command
from tests.engine.world import until
from tests.setup.interrupting import BriskClock
from tests.setup.place import Place, a_place
from tests.setup.unchanged import objects_of
from trimtab.declare.scaffold import APPLICATION
from trimtab.demo.setup.pods import in_process
from trimtab.kube.config import load
from trimtab.sandbox import Sandbox
from trimtab.settings import Settings

NAMESPACE = "infrastructure/staging/argocd/namespaces/shop.yaml"
RENEWED = frozenset({"Application"})
"""Its status tells of every commit of the repository."""
ROTATED = ("deploy-key", "webhook-secret", "server-key")


async def belongings(place: Place, name: str) -> dict[str, Any]:
    """All that is the environment's: every object of its cluster, its files and the shared ones, key and App."""
    world = place.github.world
    repository = world.repositories["acme/infra"]
    tree = pygit2.Repository(str(repository.git)).revparse_single("main^{tree}")
    there = [entry for entry in _files(tree) if {name, "base"} & set(entry[0].split("/"))]
    keys = [(key.id, key.key) for key in repository.keys if key.title.startswith(f"trimtab {name} ")]
    apps = [(slug, app.hook.url, app.hook.secret) for slug, app in world.github_apps.items() if name in slug]
    objects = await objects_of(place.cluster)
    kept = {key: version for key, version in objects.items() if key[0] not in RENEWED}
    return {"objects": kept, "files": there, "keys": keys, "apps": apps}


async def at_rest(place: Place, name: str) -> dict[str, Any]:
    """The same, once controllers have nothing more to write about what was deployed."""
    seen: list[dict[str, Any]] = []

    async def last_three() -> list[dict[str, Any]]:
        seen.append(await belongings(place, name))
        return seen[-3:]

    return (await until(last_three, lambda looks: looks == 3 * looks[:1]))[0]


def _files(tree: Any, above: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in tree:
        path = f"{above}{entry.name}"
        found += _files(entry, f"{path}/") if entry.type_str == "tree" else [(path, str(entry.id))]
    return found


async def declared(place: Place, name: str, *arguments: str) -> None:
    """Carry out a command for environment `name` in a fresh clone, and push what it has changed."""
    repository, clone = place.github.world.repositories["acme/infra"], place.folder / "clone"
    checkout = pygit2.clone_repository(str(repository.git), str(clone))
    where = ("-e", str(place.folder / f"{name}.yaml"), "--checkout", str(clone), "--yes")
    command = Command(*arguments, *where, kubeconfig=place.folder / "kubeconfig")
    assert await command.run() == 0, command.output
    changed = {path: (clone / path).read_text() if (clone / path).exists() else None for path in checkout.status()}
    assert changed, command.output
    place.github.world.commit("acme/infra", changed, user="ada")
    await place.github.delivered()
    shutil.rmtree(clone)


async def runs(place: Place, image: str) -> None:
    """Return when application web runs this image, and is ready."""

    async def look() -> str:
        found = await place.cluster.get("Deployment", "web", group="apps", namespace="shop")
        ready = found and (found.get("status") or {}).get("readyReplicas")
        return str(found["spec"]["template"]["spec"]["containers"][0]["image"]) if found and ready else ""

    await until(look, lambda seen: seen == image, within=30)


async def deploy(place: Place, name: str, image: str) -> None:
    file = place.folder / "web.yaml"
    file.write_text(APPLICATION.replace("ghcr.io/acme/web:1.0.0", image))
    await declared(place, name, "apply", "application", "-f", str(file))
    await runs(place, image)


async def test_no_command_of_one_touches_the_other(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    production = place.environment()
    (place.folder / "production.yaml").write_text(production)
    await place.set_up(production, place.terminal())
    await deploy(place, "production", "ghcr.io/acme/web:1.0.0")
    before = await at_rest(place, "production")
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
            (other.folder / "staging.yaml").write_text(staging)
            for image in ("ghcr.io/acme/web:2.0.0", "ghcr.io/acme/web:3.0.0"):
                await deploy(other, "staging", image)
                assert await belongings(place, "production") == before, "apply application"
            await declared(other, "staging", "delete", "application", "web")
            assert await belongings(place, "production") == before, "delete application"
            for what in ROTATED:
                await other.rotate(staging, what, other.terminal())
                assert await belongings(place, "production") == before, what
            assert await other.tear_down(staging, other.terminal()) == "done"
            assert await belongings(place, "production") == before, "teardown"
            left = await belongings(place, "staging")
            assert (left["keys"], left["apps"]) == ([], [])
            # The namespace that the application was in is not taken away with it.
            assert [path for path, _ in left["files"] if "/base/" not in path] == [NAMESPACE]
    assert await place.set_up(production, place.terminal()) == "nothing"
