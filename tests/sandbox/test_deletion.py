"""Finalizers, propagation, namespaces, and what is kept from being deleted by mistake."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.client import Client, Refused, a_config_map, a_crd

MAPS = "/api/v1/namespaces/default/configmaps"


async def gone(client: Client, path: str) -> bool:
    try:
        await client.get(path)
    except Refused as refused:
        return refused.status == 404
    return False


async def eventually(client: Client, test: Callable[[], Any]) -> None:
    """Until it is so; each look is a round trip, in which the sandbox works on."""
    for _ in range(500):
        if await test():
            return
    raise AssertionError("it never came to be")


async def owned(client: Client, name: str, owner: dict[str, Any], *, block: bool = True) -> None:
    made = a_config_map(name)
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"]}
    made["metadata"]["ownerReferences"] = [{**reference, "uid": owner["metadata"]["uid"], "blockOwnerDeletion": block}]
    await client.create(MAPS, made)


async def test_finalizers_hold_an_object_back(client: Client) -> None:
    made = a_config_map("a")
    made["metadata"]["finalizers"] = ["example.org/x"]
    await client.create(MAPS, made)
    answer = await client.delete(f"{MAPS}/a")
    assert answer["metadata"]["deletionTimestamp"]
    again = await client.delete(f"{MAPS}/a")
    assert again["metadata"]["deletionTimestamp"] == answer["metadata"]["deletionTimestamp"]
    await client.patch(f"{MAPS}/a", {"metadata": {"finalizers": None}})
    assert await gone(client, f"{MAPS}/a")


async def test_dependents_go_with_their_owner(client: Client) -> None:
    owner = await client.create(MAPS, a_config_map("owner"))
    await owned(client, "child", owner)
    child = await client.get(f"{MAPS}/child")
    await owned(client, "grandchild", child)
    await client.delete(f"{MAPS}/owner")
    await eventually(client, lambda: gone(client, f"{MAPS}/grandchild"))
    assert await gone(client, f"{MAPS}/child")


async def test_in_the_foreground_the_owner_goes_last(client: Client) -> None:
    owner = await client.create(MAPS, a_config_map("owner"))
    await owned(client, "child", owner)
    async with await client.watch(f"{MAPS}?watch=true&resourceVersion=0") as watch:
        await client.delete(f"{MAPS}/owner", {"propagationPolicy": "Foreground"})
        deleted: list[str] = []
        while len(deleted) < 2:
            event = await watch.next()
            if event["type"] == "DELETED":
                deleted.append(event["object"]["metadata"]["name"])
    assert deleted == ["child", "owner"]


async def test_orphans_stay(client: Client) -> None:
    owner = await client.create(MAPS, a_config_map("owner"))
    await owned(client, "child", owner)
    await client.delete(f"{MAPS}/owner", {"propagationPolicy": "Orphan"})
    await eventually(client, lambda: gone(client, f"{MAPS}/owner"))
    assert "ownerReferences" not in (await client.get(f"{MAPS}/child"))["metadata"]


async def test_one_of_two_owners_is_enough_to_stay(client: Client) -> None:
    first = await client.create(MAPS, a_config_map("first"))
    second = await client.create(MAPS, a_config_map("second"))
    await owned(client, "child", first)
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": o["metadata"]["name"], "uid": o["metadata"]["uid"]}
        for o in (first, second)
    ]
    await client.patch(f"{MAPS}/child", {"metadata": {"ownerReferences": references}})
    await client.delete(f"{MAPS}/first")
    await client.create(MAPS, a_config_map("marker"))
    await client.delete(f"{MAPS}/marker")
    assert not await gone(client, f"{MAPS}/child")
    await client.delete(f"{MAPS}/second")
    await eventually(client, lambda: gone(client, f"{MAPS}/child"))


async def test_an_object_born_without_its_owner_is_collected(client: Client) -> None:
    await owned(client, "child", {"metadata": {"name": "nobody", "uid": "0-0"}})
    await eventually(client, lambda: gone(client, f"{MAPS}/child"))


async def test_a_namespace_takes_its_contents_along(client: Client) -> None:
    await client.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    held = a_config_map("held")
    held["metadata"]["finalizers"] = ["example.org/x"]
    await client.create("/api/v1/namespaces/shop/configmaps", held)
    await client.create("/api/v1/namespaces/shop/configmaps", a_config_map("free"))
    answer = await client.delete("/api/v1/namespaces/shop")
    assert answer["status"]["phase"] == "Terminating"
    await eventually(client, lambda: gone(client, "/api/v1/namespaces/shop/configmaps/free"))
    with pytest.raises(Refused) as refused:
        await client.create("/api/v1/namespaces/shop/configmaps", a_config_map("late"))
    assert refused.value.status == 403
    assert "because it is being terminated" in refused.value.body["message"]
    await client.patch("/api/v1/namespaces/shop/configmaps/held", {"metadata": {"finalizers": []}})
    await eventually(client, lambda: gone(client, "/api/v1/namespaces/shop"))


async def test_a_kind_takes_its_objects_along(client: Client) -> None:
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    boats = "/apis/example.org/v1/namespaces/default/boats"
    boat = {"apiVersion": "example.org/v1", "kind": "Boat", "metadata": {"name": "a"}}
    await client.create(crds, a_crd("boats", "Boat"))
    await client.create(boats, boat)
    await client.delete(f"{crds}/boats.example.org")
    assert await gone(client, boats)
    await client.create(crds, a_crd("boats", "Boat"))
    assert (await client.get(boats))["items"] == []


async def test_a_dry_run_deletes_nothing(client: Client) -> None:
    await client.create(MAPS, a_config_map("a"))
    await client.delete(f"{MAPS}/a?dryRun=All")
    assert not await gone(client, f"{MAPS}/a")


async def test_a_collection_can_be_deleted_by_selector(client: Client) -> None:
    for name in ("a", "b"):
        made = a_config_map(name)
        made["metadata"]["labels"] = {"name": name}
        await client.create(MAPS, made)
    await client.delete(f"{MAPS}?labelSelector=name%3Da")
    assert await gone(client, f"{MAPS}/a")
    assert not await gone(client, f"{MAPS}/b")


async def test_preconditions_protect_a_successor(client: Client) -> None:
    first = await client.create(MAPS, a_config_map("a"))
    await client.delete(f"{MAPS}/a")
    await client.create(MAPS, a_config_map("a"))
    with pytest.raises(Refused) as refused:
        await client.delete(f"{MAPS}/a", {"preconditions": {"uid": first["metadata"]["uid"]}})
    assert refused.value.status == 409
