"""Writing to an API server."""

import asyncio
from typing import Any

import pytest

from tests.kube.objects import config_map, deployment
from trimtab.kube import read, write
from trimtab.kube.errors import AlreadyExists, BadRequest, FieldConflict, Invalid, NotFound, StaleConflict
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport


async def test_create_once(transport: Transport, config_maps: Resource, shop: str) -> None:
    body = config_map(shop, "a", key="value")
    created = await write.create(transport, config_maps, body, field_manager="test")
    assert created["data"] == {"key": "value"}
    assert created["metadata"]["managedFields"][0]["manager"] == "test"
    with pytest.raises(AlreadyExists, match=f'create ConfigMap {shop}/a: configmaps "a" already exists'):
        await write.create(transport, config_maps, body, field_manager="test")


async def test_a_name_is_generated(transport: Transport, config_maps: Resource, shop: str) -> None:
    body = {**config_map(shop, ""), "metadata": {"generateName": "hook-", "namespace": shop}}
    created = await write.create(transport, config_maps, body, field_manager="test")
    assert created["metadata"]["name"].startswith("hook-")
    assert len(created["metadata"]["name"]) > len("hook-")


async def test_nothing_is_created_in_a_namespace_that_is_not_there(transport: Transport, config_maps: Resource) -> None:
    with pytest.raises(NotFound, match='namespaces "nowhere" not found'):
        await write.create(transport, config_maps, config_map("nowhere", "a"), field_manager="test")


async def test_apply_creates_updates_and_takes_away(transport: Transport, config_maps: Resource, shop: str) -> None:
    for data in ({"one": "1"}, {"one": "2", "two": "2"}, {"two": "2"}):
        body = {**config_map(shop, "a"), "data": data}
        applied = await write.apply(transport, config_maps, body, field_manager="trimtab", force=False)
        assert applied["data"] == data
        assert applied == await read.get(transport, config_maps, "a", namespace=shop)


async def test_applying_the_same_again_changes_nothing(transport: Transport, deployments: Resource, shop: str) -> None:
    body = write.encode(deployment(shop, "web"))

    async def version() -> str:
        raw = await write.apply_raw(
            transport, deployments, body, name="web", namespace=shop, field_manager="trimtab", force=True
        )
        return read.observe(deployments, raw).meta.resource_version

    await version()
    await asyncio.sleep(0.3)
    assert await version() == await version()


async def test_a_dry_run_writes_nothing(transport: Transport, config_maps: Resource, shop: str) -> None:
    body = config_map(shop, "a", key="value")
    would_be = await write.apply(transport, config_maps, body, field_manager="trimtab", force=True, dry_run=True)
    assert would_be["data"] == {"key": "value"}
    with pytest.raises(NotFound):
        await read.get(transport, config_maps, "a", namespace=shop)


async def test_two_managers_of_one_field(transport: Transport, config_maps: Resource, shop: str) -> None:
    await write.apply(transport, config_maps, config_map(shop, "a", key="1"), field_manager="ann", force=False)
    other = config_map(shop, "a", key="2")
    with pytest.raises(FieldConflict) as caught:
        await write.apply(transport, config_maps, other, field_manager="bob", force=False)
    assert [cause.field for cause in caught.value.details.causes] == [".data.key"]
    assert '"ann"' in caught.value.message
    taken = await write.apply(transport, config_maps, other, field_manager="bob", force=True)
    assert taken["data"] == {"key": "2"}


@pytest.mark.parametrize(
    "change, field",
    [
        ({"replicas": "three"}, "replicas"),
        ({"replicas": -1}, "spec.replicas"),
        ({"no-such-field": 1}, "no-such-field"),
    ],
)
async def test_what_the_schema_forbids_is_named(
    transport: Transport, deployments: Resource, shop: str, change: dict[str, Any], field: str
) -> None:
    body = deployment(shop, "web")
    body["spec"] |= change
    with pytest.raises((Invalid, BadRequest), match=f"apply apps/Deployment {shop}/web: .*{field}"):
        await write.apply(transport, deployments, body, field_manager="trimtab", force=True)


async def test_the_three_other_patches(transport: Transport, deployments: Resource, shop: str) -> None:
    await write.create(transport, deployments, deployment(shop, "web"), field_manager="test")
    merged = await write.patch(
        transport, deployments, "web", {"spec": {"replicas": 3}}, patch_type="merge", namespace=shop
    )
    assert merged["spec"]["replicas"] == 3
    strategic = {"spec": {"template": {"spec": {"containers": [{"name": "log", "image": "registry.example/log:1"}]}}}}
    both = await write.patch(transport, deployments, "web", strategic, patch_type="strategic", namespace=shop)
    assert {one["name"] for one in both["spec"]["template"]["spec"]["containers"]} == {"web", "log"}
    operations = [{"op": "test", "path": "/spec/replicas", "value": 3}, {"op": "remove", "path": "/spec/replicas"}]
    by_json = await write.patch(transport, deployments, "web", operations, patch_type="json", namespace=shop)
    assert by_json["spec"]["replicas"] == 1
    with pytest.raises(Invalid):
        await write.patch(transport, deployments, "web", operations, patch_type="json", namespace=shop)


async def test_a_subresource_is_written_alone(transport: Transport, deployments: Resource, shop: str) -> None:
    await write.create(transport, deployments, deployment(shop, "web"), field_manager="test")
    condition = {"type": "Tested", "status": "True", "reason": "Test", "message": "by a test"}
    change = {"spec": {"replicas": 9}, "status": {"conditions": [condition]}}
    patched = await write.patch(
        transport, deployments, "web", change, patch_type="strategic", namespace=shop, subresource="status"
    )
    assert "Tested" in [one["type"] for one in patched["status"]["conditions"]]
    assert patched["spec"]["replicas"] == 1


async def test_replace_over_the_state_that_was_read(transport: Transport, config_maps: Resource, shop: str) -> None:
    first = await write.create(transport, config_maps, config_map(shop, "a", key="1"), field_manager="test")
    second = await write.replace(transport, config_maps, {**first, "data": {"key": "2"}}, field_manager="test")
    assert second["data"] == {"key": "2"}
    with pytest.raises(StaleConflict, match=f"update ConfigMap {shop}/a"):
        await write.replace(transport, config_maps, {**first, "data": {"key": "3"}}, field_manager="test")


async def test_a_version_in_a_patch_is_a_precondition(transport: Transport, config_maps: Resource, shop: str) -> None:
    first = await write.create(transport, config_maps, config_map(shop, "a", key="1"), field_manager="test")
    change = {"metadata": {"resourceVersion": first["metadata"]["resourceVersion"]}, "data": {"key": "2"}}
    await write.patch(transport, config_maps, "a", change, patch_type="merge", namespace=shop)
    change["data"] = {"key": "3"}
    with pytest.raises(StaleConflict):
        await write.patch(transport, config_maps, "a", change, patch_type="merge", namespace=shop)


async def test_only_that_very_object_is_deleted(transport: Transport, config_maps: Resource, shop: str) -> None:
    created = await write.create(transport, config_maps, config_map(shop, "a"), field_manager="test")
    metadata = created["metadata"]
    with pytest.raises(StaleConflict, match=f"delete ConfigMap {shop}/a"):
        await write.delete(transport, config_maps, "a", namespace=shop, uid="00000000-0000-0000-0000-000000000000")
    with pytest.raises(StaleConflict):
        await write.delete(transport, config_maps, "a", namespace=shop, resource_version="1")
    await write.delete(transport, config_maps, "a", namespace=shop, uid=metadata["uid"], dry_run=True)
    await write.delete(
        transport,
        config_maps,
        "a",
        namespace=shop,
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        propagation="Background",
    )
    with pytest.raises(NotFound, match=f"delete ConfigMap {shop}/a"):
        await write.delete(transport, config_maps, "a", namespace=shop)


async def test_a_finalizer_keeps_the_object(transport: Transport, config_maps: Resource, shop: str) -> None:
    body = config_map(shop, "a")
    body["metadata"]["finalizers"] = ["example.com/keep"]
    await write.create(transport, config_maps, body, field_manager="test")
    await write.delete(transport, config_maps, "a", namespace=shop)
    observed = await read.get_observed(transport, config_maps, "a", namespace=shop)
    assert observed.meta.deletion_timestamp
    assert observed.meta.finalizers == ("example.com/keep",)
    release = [{"op": "remove", "path": "/metadata/finalizers"}]
    await write.patch(transport, config_maps, "a", release, patch_type="json", namespace=shop)
    with pytest.raises(NotFound):
        await read.get(transport, config_maps, "a", namespace=shop)
