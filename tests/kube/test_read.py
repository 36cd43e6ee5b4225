"""Reading from an API server."""

import asyncio

import pytest

from tests.kube.objects import config_map
from trimtab.kube import read, write
from trimtab.kube.errors import NotFound
from trimtab.kube.resource import Resource
from trimtab.kube.transport import Transport


@pytest.fixture
async def dozen(transport: Transport, config_maps: Resource, shop: str) -> str:
    """A namespace with the ConfigMaps m00 to m11; every third has the label pick=yes."""
    bodies = [
        config_map(shop, f"m{number:02}", labels={"pick": "no" if number % 3 else "yes"}, number=str(number))
        for number in range(12)
    ]
    await asyncio.gather(*(write.create(transport, config_maps, body, field_manager="test") for body in bodies))
    return shop


async def test_pages_are_one_list(transport: Transport, config_maps: Resource, dozen: str) -> None:
    pages = [page async for page in read.pages(transport, config_maps, namespace=dozen, field_selector=OURS, limit=5)]
    names = [observed.key.name for page in pages for observed in page.objects]
    assert names == [f"m{number:02}" for number in range(12)]
    assert len({page.resource_version for page in pages}) == 1
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert len(pages) >= 3


OURS = "metadata.name!=kube-root-ca.crt"


async def test_a_listed_object_is_the_object(transport: Transport, config_maps: Resource, dozen: str) -> None:
    listed = await read.list_observed(transport, config_maps, namespace=dozen, label_selector="pick=yes")
    assert [observed.key.name for observed in listed] == ["m00", "m03", "m06", "m09"]
    live = await read.get(transport, config_maps, "m03", namespace=dozen)
    assert read.decode_manifest(listed[1].raw, "") == live
    assert listed[1].meta.uid == live["metadata"]["uid"]
    assert await read.get_observed(transport, config_maps, "m03", namespace=dozen) == listed[1]


async def test_metadata_alone(transport: Transport, config_maps: Resource, dozen: str) -> None:
    listed = await read.list_observed(
        transport, config_maps, namespace=dozen, label_selector="pick=yes", metadata_only=True
    )
    assert [observed.key.name for observed in listed] == ["m00", "m03", "m06", "m09"]
    assert "data" not in read.decode_manifest(listed[0].raw, "")


async def test_what_is_not_there_is_named(transport: Transport, config_maps: Resource, shop: str) -> None:
    with pytest.raises(NotFound, match=f'get ConfigMap {shop}/nobody: configmaps "nobody" not found'):
        await read.get(transport, config_maps, "nobody", namespace=shop)
