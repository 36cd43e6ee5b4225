"""What looks into a cluster, on a real Kubernetes: owners, endpoints, patches and dry runs are its own there.

The same tests as on the sandbox; those of what is refused before anybody is asked stay there.
"""

from tests.engine.world import until
from tests.server.desk import Desk
from tests.server.live.conftest import shop
from tests.server.live.looking import node, path
from tests.server.live.test_actions import (
    test_a_cron_job_runs_now,
    test_a_deployment_is_restarted_paused_and_scaled,
    test_what_can_be_done,
)
from tests.server.live.test_manifests import (
    test_drifted_and_gone_and_new,
    test_hooks_are_marked,
    test_in_sync,
    test_manifests_at_revisions,
    test_what_an_apply_would_change,
    test_what_is_not_the_applications_is_not_compared,
)
from tests.server.live.test_objects import (
    test_a_patch,
    test_a_secret_is_never_shown,
    test_an_object_deleted,
    test_an_owner_deleted_and_its_objects_left,
    test_each_change_has_its_right,
    test_events,
    test_one_object,
    test_patches_that_cannot_be,
    test_what_is_no_part_of_the_application,
)
from tests.server.live.test_tree import (
    grown,
    test_a_stream_ends_with_the_application,
    test_a_stream_tells_of_every_change_and_of_nothing_else,
    test_nobodys_objects_where_the_project_asks_for_them,
    test_what_is_declared_and_not_there,
    test_what_the_project_does_not_permit_is_not_shown,
)

__all__ = [
    "shop",
    "test_a_cron_job_runs_now",
    "test_a_deployment_is_restarted_paused_and_scaled",
    "test_a_patch",
    "test_a_secret_is_never_shown",
    "test_a_stream_ends_with_the_application",
    "test_a_stream_tells_of_every_change_and_of_nothing_else",
    "test_an_object_deleted",
    "test_an_owner_deleted_and_its_objects_left",
    "test_drifted_and_gone_and_new",
    "test_each_change_has_its_right",
    "test_events",
    "test_hooks_are_marked",
    "test_in_sync",
    "test_manifests_at_revisions",
    "test_nobodys_objects_where_the_project_asks_for_them",
    "test_one_object",
    "test_patches_that_cannot_be",
    "test_what_an_apply_would_change",
    "test_what_can_be_done",
    "test_what_is_declared_and_not_there",
    "test_what_is_no_part_of_the_application",
    "test_what_is_not_the_applications_is_not_compared",
    "test_what_the_project_does_not_permit_is_not_shown",
]


async def test_what_a_deployment_and_a_service_have_grown(shop: Desk) -> None:
    tree = await grown(shop)
    deployed, replicas, pod = (node(tree, kind) for kind in ("Deployment", "ReplicaSet", "Pod"))
    assert [one["parentRefs"][0]["uid"] for one in (replicas, pod)] == [deployed["uid"], replicas["uid"]]
    slices = node(tree, "EndpointSlice")
    assert slices["parentRefs"][0]["uid"] == node(tree, "Service")["uid"]
    info = {item["name"]: item["value"] for item in pod["info"]}
    assert (info["Status Reason"], info["Containers"]) == ("Running", "1/1")
    (host,) = tree["hosts"]
    assert host["name"] == info["Node"]
    capacity = {one["resourceName"]: one["capacity"] for one in host["resourcesInfo"]}
    assert min(capacity["cpu"], capacity["memory"]) > 0


async def test_kinds_that_are_out_of_sight(shop: Desk) -> None:
    excluded = "- apiGroups: [discovery.k8s.io]\n  kinds: [EndpointSlice]\n"
    await shop.installed("ConfigMap", "argocd-cm", {"resource.exclusions": excluded})

    async def known() -> object:
        return shop.running.served.configuration.config_map("argocd-cm").get("resource.exclusions")

    await until(known, bool)
    assert "EndpointSlice" not in {one["kind"] for one in (await grown(shop))["nodes"]}


async def test_a_log_that_no_kubelet_tells(shop: Desk) -> None:
    pod = node(await grown(shop), "Pod")["name"]
    status, code, message = (await shop.call("GET", path(shop, f"pods/{pod}/logs"))).failure
    assert (status, code) == (503, 14)
    assert message.startswith(f"log Pod {shop.place}/{pod}: ")
