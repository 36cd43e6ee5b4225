"""Reads: single objects, pages, and lists whose continue token expires."""

import pytest

from tests.servers.scripted import Reply, Scripted, config_map, listing, status
from trimtab.errors import Stalled
from trimtab.kube import read
from trimtab.kube.errors import Gone, NotFound, ServerError
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport
from trimtab.model.keys import Kind, ObjectKey

ALL = "GET /api/v1/configmaps"
EXPIRED = status(410, "Expired", "the continue parameter is too old")


@pytest.mark.parametrize(
    "resource, name, namespace, path",
    [
        (Resource(Kind("", "v1", "Pod"), "pods", True), "a", "shop", "/api/v1/namespaces/shop/pods/a"),
        (Resource(Kind("", "v1", "Node"), "nodes", False), "n", "", "/api/v1/nodes/n"),
        (Resource(Kind("", "v1", "Node"), "nodes", False), "n", "shop", "/api/v1/nodes/n"),
        (Resource(Kind("apps", "v1", "D"), "ds", True), "a", "b", "/apis/apps/v1/namespaces/b/ds/a"),
        (Resource(Kind("rbac", "v1", "Role"), "roles", False), "system:x", "", "/apis/rbac/v1/roles/system:x"),
        (
            Resource(Kind("", "v1", "Pod"), "pods", True),
            "../x?y#z%",
            "a/b",
            "/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fy%23z%25",
        ),
    ],
)
def test_paths(resource: Resource, name: str, namespace: str, path: str) -> None:
    assert resource.object(name, namespace=namespace) == path
    assert resource.object(name, namespace=namespace, subresource="status") == f"{path}/status"


@pytest.mark.parametrize("name, namespace, missing", [("a", "", "namespace"), ("", "shop", "name")])
def test_no_path_without_name_and_namespace(config_maps: Resource, name: str, namespace: str, missing: str) -> None:
    with pytest.raises(Stalled, match=f"no {missing} given"):
        config_maps.object(name, namespace=namespace)


async def test_get(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    body = config_map("a", 7, key="value")
    server.answer("GET /api/v1/namespaces/shop/configmaps/a", Reply.json(body))
    assert await read.get(transport, config_maps, "a", namespace="shop") == body
    observed = await read.get_observed(transport, config_maps, "a", namespace="shop")
    assert observed.key == ObjectKey("", "ConfigMap", "shop", "a")
    assert observed.meta.resource_version == "7"
    with pytest.raises(NotFound, match="get ConfigMap shop/b"):
        await read.get(transport, config_maps, "b", namespace="shop")


@pytest.mark.parametrize("body", [b"[]", b"<html>", b"", b'{"metadata":{"name":[]}}'])
async def test_an_answer_that_is_no_object(
    server: Scripted, transport: Transport, config_maps: Resource, body: bytes
) -> None:
    server.answer("GET /api/v1/namespaces/shop/configmaps/a", Reply(body))
    with pytest.raises(ServerError, match="the answer is no object"):
        await read.get_observed(transport, config_maps, "a", namespace="shop")


async def test_all_pages(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    one, two, three = config_map("one"), config_map("two"), config_map("three")
    server.answer(ALL, listing([one, two], version=9, more="t1"), listing([three], version=9))
    pages = [page async for page in read.pages(transport, config_maps, label_selector="a=b", limit=2)]
    assert [(page.first, page.last, page.resource_version) for page in pages] == [
        (True, False, "9"),
        (False, True, "9"),
    ]
    assert [one.key.name for page in pages for one in page.objects] == ["one", "two", "three"]
    assert [got.query for got in server.requests] == [
        {"limit": "2", "labelSelector": "a=b"},
        {"limit": "2", "labelSelector": "a=b", "continue": "t1"},
    ]


async def test_the_bodies_of_items_have_their_kind(
    server: Scripted, transport: Transport, config_maps: Resource
) -> None:
    body = config_map("a", 3, key="value")
    with_kind = Reply.json({"metadata": {"resourceVersion": "3"}, "items": [body]})
    server.answer(ALL, listing([body], version=3), with_kind)
    for _ in range(2):
        (observed,) = await read.list_observed(transport, config_maps)
        assert read.decode_manifest(observed.raw, "") == body


async def test_a_list_that_expires_in_the_middle_starts_over_without_pages(
    server: Scripted, transport: Transport, config_maps: Resource
) -> None:
    one, two, three = config_map("one"), config_map("two"), config_map("three")
    server.answer(ALL, listing([one, two], version=9, more="t1"), EXPIRED, listing([two, three], version=12))
    observed = await read.list_observed(transport, config_maps)
    assert [one.key.name for one in observed] == ["two", "three"]
    assert "limit" not in server.requests[2].query


async def test_a_list_that_expires_at_its_beginning_is_an_error(
    server: Scripted, transport: Transport, config_maps: Resource
) -> None:
    server.answer(ALL, EXPIRED)
    with pytest.raises(Gone):
        await read.list_observed(transport, config_maps)


@pytest.mark.parametrize("items", ["null", "[]"])
async def test_an_empty_list(server: Scripted, transport: Transport, config_maps: Resource, items: str) -> None:
    server.answer(ALL, Reply(f'{{"metadata":{{"resourceVersion":"5"}},"items":{items}}}'.encode()))
    assert await read.list_observed(transport, config_maps) == []


async def test_a_list_of_metadata(server: Scripted, transport: Transport, config_maps: Resource) -> None:
    server.answer("GET /api/v1/namespaces/shop/configmaps", listing([config_map("a")], version=1))
    await read.list_observed(transport, config_maps, namespace="shop", field_selector="a=b", metadata_only=True)
    (got,) = server.requests
    assert got.headers["Accept"].startswith("application/json;as=PartialObjectMetadataList;")
    assert got.query["fieldSelector"] == "a=b"


@pytest.mark.parametrize("body", [b"{}", b"[]", b"<html>", b'{"metadata":{},"items":[{}]}'])
async def test_an_answer_that_is_no_list(
    server: Scripted, transport: Transport, config_maps: Resource, body: bytes
) -> None:
    server.answer(ALL, Reply(body))
    with pytest.raises(ServerError, match="list v1/ConfigMap: the answer is no list"):
        await read.list_observed(transport, config_maps)
