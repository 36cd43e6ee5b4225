"""All that there is, in the cluster and at GitHub, as a value: whether something has changed is one comparison."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from tests.setup.place import Place
from trimtab.fakegithub import git_store
from trimtab.fakegithub.server import FakeGitHub
from trimtab.kube import read
from trimtab.setup.cluster import Cluster

PASSING = frozenset({"Lease", "Event"})
"""Change by themselves."""


async def everything(place: Place) -> dict[str, Any]:
    """Every object of every namespace, and whatever GitHub keeps."""
    return {"objects": await objects_of(place.cluster), "github": world_of(place.github)}


async def objects_of(cluster: Cluster) -> dict[tuple[str, str, str], str]:
    """(kind, namespace, name) → version."""
    found = {}
    for resource in await cluster.discovery.resources():
        if "list" in resource.verbs and "/" not in resource.plural and resource.kind.kind not in PASSING:
            for one in await read.list_observed(cluster.transport, resource):
                metadata = read.decode_manifest(one.raw, resource.kind.kind)["metadata"]
                name = (resource.kind.kind, metadata.get("namespace", ""), metadata["name"])
                found[name] = metadata["resourceVersion"]
    return found


def world_of(github: FakeGitHub) -> dict[str, Any]:
    """Keys, hooks, references and pull requests by repository; Apps, and where they are installed."""
    world = github.world
    repositories = {
        name: (
            [(key.id, key.title) for key in one.keys],
            [(hook.id, hook.url, hook.secret) for hook in one.hooks],
            git_store.refs(one.git),
            [(pull.number, pull.state) for pull in one.pulls],
        )
        for name, one in world.repositories.items()
    }
    apps = {slug: (app.hook.url, app.hook.secret) for slug, app in world.github_apps.items()}
    return {"repositories": repositories, "apps": apps, "installations": sorted(world.installations)}


@contextlib.asynccontextmanager
async def nothing_changes(place: Place) -> AsyncIterator[None]:
    before = await everything(place)
    yield
    assert await everything(place) == before
