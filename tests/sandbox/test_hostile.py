"""Whatever is sent, the answer is a Status that a person can use: never a crash, never a half-written object."""

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.client import Client, Refused, a_config_map, a_crd, a_deployment
from trimtab.sandbox import Settings

CASES = Path(__file__).parent.parent / "cases" / "sandbox"
JUNK: tuple[Any, ...] = (
    None,
    "",
    "junk",
    0,
    -1,
    2**70,
    1.5,
    True,
    [],
    {},
    [None],
    [[]],
    ["x"],
    {"x": {}},
    [{"name": "x"}],
)


@pytest.fixture
def settings() -> Settings:
    return Settings(start_seconds=0.0)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def spoiled(body: Any, chance: random.Random) -> Any:
    """A copy with one place gone or filled with junk."""
    copied = copy.deepcopy(body)
    path = chance.choice([path for path in places(copied) if path != ("metadata",)])
    node = copied
    for key in path[:-1]:
        node = node[key]
    if chance.random() < 0.3:
        del node[path[-1]]
    else:
        node[path[-1]] = chance.choice(JUNK)
    return copied


@pytest.mark.parametrize("seed", range(3))
async def test_spoiled_objects(client: Client, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(seed)
    steps = yaml.safe_load((CASES / "create.yaml").read_text().replace("NS", "default"))
    accepted = 0
    for _ in range(150):
        step = chance.choice(steps)
        path = step["do"].split(" ")[1]
        body = spoiled(step["body"], chance)
        try:
            made = await client.create(path, body)
            accepted += 1
        except Refused as refused:
            assert refused.status in (400, 404, 409, 422), (refused, body)
            continue
        stored = f"{path.partition('?')[0]}/{made['metadata']['name']}"
        spoil = spoiled({name: made[name] for name in made if name not in ("kind", "apiVersion")}, chance)
        for kind in ("application/merge-patch+json", "application/strategic-merge-patch+json"):
            try:
                await client.patch(stored, spoil, kind)
            except Refused as refused:
                assert refused.status in (400, 404, 409, 422), (refused, spoil)
        await client.delete(stored, {"gracePeriodSeconds": 0})
    assert accepted > 10
    web = await client.create("/apis/apps/v1/namespaces/default/deployments", a_deployment("after-all"))
    async with await client.watch("/apis/apps/v1/namespaces/default/deployments?watch=true") as watch:
        await watch.until(lambda m: m["metadata"]["uid"] == web["metadata"]["uid"] and m["status"].get("readyReplicas"))
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("seed", range(2))
async def test_spoiled_definitions(client: Client, seed: int) -> None:
    chance = random.Random(seed)
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    whole = yaml.safe_load((CASES / "custom.yaml").read_text().replace("NS", "sea"))[0]["body"]
    for number in range(100):
        body = spoiled(whole, chance)
        try:
            made = await client.create(crds, body)
        except Refused as refused:
            assert refused.status in (400, 409, 422), (refused, body)
            continue
        group, version = made["spec"]["group"], made["spec"]["versions"][0]["name"]
        boat = {"apiVersion": f"{group}/{version}", "kind": made["spec"]["names"]["kind"], "metadata": {"name": "b"}}
        boats = f"/apis/{group}/{version}/namespaces/default/{made['spec']['names']['plural']}"
        try:
            await client.apply(f"{boats}/b", {**boat, "spec": {"name": "ab", "parts": [{"kind": "x"}], "rig": number}})
        except Refused as refused:
            assert refused.status in (400, 404, 405, 422, 500), refused
            assert "Internal error" not in str(refused), (refused, body)
        await client.get("/openapi/v3")
        await client.delete(f"{crds}/{made['metadata']['name']}")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b"{", "application/json"),
        (b'{"kind":"ConfigMap"', "application/yaml"),
        (b"a: [", "application/yaml"),
        (b"!!python/object/apply:os.system ['true']", "application/yaml"),
        (b"\xff\xfe", "application/json"),
        (b"k8s\x00\x01", "application/vnd.kubernetes.protobuf"),
        (b"{}", "application/cbor"),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "application/json"),
    ],
)
async def test_bodies_that_are_no_object(client: Client, body: bytes, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        await client.raw("POST", "/api/v1/namespaces/default/configmaps", body, kind)
    assert refused.value.status in (400, 415, 422), refused.value


async def test_a_body_beyond_the_limit_is_refused(client: Client) -> None:
    with pytest.raises(Refused) as refused:
        await client.create("/api/v1/namespaces/default/configmaps", a_config_map("big", x="x" * 4_000_000))
    assert refused.value.status == 413


async def test_yaml_is_read_too(client: Client) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: 'y'}\n"
    made = await client.raw("POST", "/api/v1/namespaces/default/configmaps", body, "application/yaml")
    assert made["data"] == {"x": "y"}


async def test_a_version_that_is_not_stored_shows_the_same_objects(client: Client) -> None:
    crd = a_crd("boats", "Boat")
    crd["spec"]["versions"].append({**crd["spec"]["versions"][0], "name": "v2", "storage": False})
    await client.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    boat = {"apiVersion": "example.org/v2", "kind": "Boat", "metadata": {"name": "a"}, "spec": {"sails": 3}}
    await client.create("/apis/example.org/v2/namespaces/default/boats", boat)
    for version in ("v1", "v2"):
        found = await client.get(f"/apis/example.org/{version}/namespaces/default/boats/a")
        assert (found["apiVersion"], found["spec"]) == (f"example.org/{version}", {"sails": 3})
        listed = await client.get(f"/apis/example.org/{version}/namespaces/default/boats")
        assert listed["items"][0]["apiVersion"] == f"example.org/{version}"
    first = await client.patch("/apis/example.org/v1/namespaces/default/boats/a", {"spec": {"sails": 4}})
    assert first["apiVersion"] == "example.org/v1"
