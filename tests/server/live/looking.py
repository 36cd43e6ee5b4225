"""What the tests of looking into applications share."""

from typing import Any

from tests.engine.objects import config_map, deployment, files, service
from tests.engine.world import until
from tests.server.desk import Desk
from trimtab.model.keys import Manifest


def path(desk: Desk, rest: str, name: str = "shop") -> str:
    """Below an application."""
    return f"/api/v1/applications/{desk.named(name)}/{rest}"


def node(tree: Any, kind: str) -> Any:
    """The only node of a kind."""
    (found,) = [one for one in tree["nodes"] if one["kind"] == kind]
    return found


def of(desk: Desk, kind: str, name: str, group: str = "", version: str = "v1") -> dict[str, str]:
    """The parameters that name an object of the destination namespace."""
    return {"group": group, "version": version, "kind": kind, "namespace": desk.place, "resourceName": name}


async def deployed(desk: Desk) -> None:
    """Commit a Deployment, a Service and a ConfigMap, and have them synced."""
    desk.repo.commit(files("app", deployment("web"), service("web"), config_map("settings")))
    await desk.create(desk.an_app())
    await desk.synced()


async def only(desk: Desk, kind: str) -> Manifest:
    """The one object of a kind in the destination namespace, when Kubernetes' controllers have made it."""
    (one,) = await until(lambda: desk.list(kind), lambda found: len(found) == 1)
    return one
