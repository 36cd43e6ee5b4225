"""Lists, single applications and streams, by the API of a running server."""

from typing import Any

from tests.server.desk import Desk
from trimtab.model.keys import Manifest


def application(desk: Desk, name: str, **spec: Any) -> Manifest:
    destination = {"server": "https://kubernetes.default.svc", "namespace": desk.place}
    source = {"repoURL": "https://git.example.com/none.git", "path": "."}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": desk.control},
        "spec": {"project": "default", "destination": destination, "source": source, **spec},
    }


async def test_what_a_caller_may_not_see_does_not_exist(desk: Desk) -> None:
    await desk.create(application(desk, "hidden"))
    for project in ({}, {"project": "default"}):
        hidden = await desk.call("GET", "/api/v1/applications/hidden", who="eve", **project)
        absent = await desk.call("GET", "/api/v1/applications/absent", who="eve", **project)
        assert (hidden.status, hidden.body) == (absent.status, absent.body)
        assert hidden.failure == (403, 7, "permission denied")
    assert (await desk.call("GET", "/api/v1/applications", who="eve")).body["items"] is None
