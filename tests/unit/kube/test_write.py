"""Writes, as they go over the wire."""

import pytest

from tests.servers.scripted import Reply, Scripted, config_map, status
from trimtab.errors import Stalled
from trimtab.kube import write
from trimtab.kube.errors import FieldConflict, ServerError
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.kube.write import PATCH_TYPES, PatchType

OBJECT = config_map("a", 7, key="value")
COLLECTION = "/api/v1/namespaces/shop/configmaps"
PATH = f"{COLLECTION}/a"


async def test_apply(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    server.answer(f"PATCH {PATH}", Reply.json(OBJECT))
    assert await write.apply(transport, config_maps, OBJECT, field_manager="trimtab", force=True) == OBJECT
    (got,) = server.requests
    assert got.query == {"fieldManager": "trimtab", "force": "true", "fieldValidation": "Strict"}
    assert got.headers["Content-Type"] == "application/apply-patch+yaml"
    assert got.json() == OBJECT
    assert transport.stats.requests == {"apply": 1}


async def test_a_dry_run_is_told_apart(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    server.answer(f"PATCH {PATH}/status", Reply.json(OBJECT))
    await write.apply(
        transport, config_maps, OBJECT, field_manager="x", force=False, dry_run=True, subresource="status"
    )
    assert server.requests[0].query["dryRun"] == "All"
    assert server.requests[0].query["force"] == "false"
    assert transport.stats.requests == {"dry-run apply": 1}


async def test_a_conflict_names_the_fields(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".data.key"}
    server.answer(f"PATCH {PATH}", status(409, "Conflict", "1 conflict", causes=[cause]))
    with pytest.raises(FieldConflict, match=r"apply ConfigMap shop/a: 1 conflict; .data.key: conflict with"):
        await write.apply(transport, config_maps, OBJECT, field_manager="x", force=False)
    assert len(server.requests) == 1


@pytest.mark.parametrize("patch_type", list(PATCH_TYPES))
async def test_patch(server: Scripted, transport: Transport, config_maps: Resource, patch_type: PatchType) -> None:
    server.answer(f"PATCH {PATH}/status", Reply.json(OBJECT))
    body: object = [{"op": "test"}] if patch_type == "json" else {"data": None}
    await write.patch(transport, config_maps, "a", body, patch_type=patch_type, namespace="shop", subresource="status")
    (got,) = server.requests
    assert got.headers["Content-Type"] == PATCH_TYPES[patch_type]
    assert (got.json(), got.query) == (body, {})


async def test_create(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    server.answer(f"POST {COLLECTION}", Reply.json(OBJECT, 201))
    generated = {"metadata": {"generateName": "hook-", "namespace": "shop"}}
    assert await write.create(transport, config_maps, generated, field_manager="trimtab") == OBJECT
    assert server.requests[0].query == {"fieldManager": "trimtab", "fieldValidation": "Strict"}


async def test_nothing_is_created_in_no_namespace(transport: Transport, config_maps: Resource) -> None:
    with pytest.raises(Stalled, match="ConfigMap a: no namespace given"):
        await write.create(transport, config_maps, {"metadata": {"name": "a"}}, field_manager="x")


async def test_replace(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    server.answer(f"PUT {PATH}", Reply.json(OBJECT))
    assert await write.replace(transport, config_maps, OBJECT, field_manager="trimtab", dry_run=True) == OBJECT
    assert server.requests[0].query == {"fieldManager": "trimtab", "fieldValidation": "Strict", "dryRun": "All"}


async def test_delete(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    server.answer(f"DELETE {PATH}", Reply.json({"kind": "Status", "status": "Success"}))
    await write.delete(transport, config_maps, "a", namespace="shop")
    await write.delete(
        transport,
        config_maps,
        "a",
        namespace="shop",
        propagation="Foreground",
        uid="u",
        resource_version="7",
        grace_seconds=0,
        dry_run=True,
    )
    options = {"kind": "DeleteOptions", "apiVersion": "v1"}
    assert server.requests[0].json() == options
    assert server.requests[1].json() == {
        **options,
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": "u", "resourceVersion": "7"},
        "gracePeriodSeconds": 0,
        "dryRun": ["All"],
    }


async def test_what_json_cannot_hold_is_not_sent(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    with pytest.raises(Stalled, match="cannot be sent as JSON"):
        await write.apply(transport, config_maps, {**OBJECT, "data": {1j}}, field_manager="x", force=True)
    assert server.requests == []


async def test_an_answer_that_is_no_object(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    server.answer(f"PATCH {PATH}", Reply(b"<html>"))
    with pytest.raises(ServerError, match="apply a: the answer is no object"):
        await write.apply(transport, config_maps, OBJECT, field_manager="x", force=True)
