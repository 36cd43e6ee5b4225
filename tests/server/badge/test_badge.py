"""The badge: what it says, for whom, and that nothing in a name gets out of its text."""

from typing import Any
from xml.etree import ElementTree

import pytest

from tests.engine.world import until
from tests.server.desk import Answer, Desk
from trimtab.server.badge import NOT_FOUND, OTHER_COLOR, Badge, draw

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture: str | bytes) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def colors(picture: str) -> list[str]:
    return [one.attrib["fill"] for one in ElementTree.fromstring(picture).iter(f"{SVG}rect") if "fill" in one.attrib]


def test_health_and_sync() -> None:
    picture = draw(Badge(health="Healthy", sync="OutOfSync"))
    assert texts(picture) == ["Healthy", "OutOfSync"]
    assert len(set(colors(picture))) == 2
    assert OTHER_COLOR not in colors(picture)


def test_all_parts() -> None:
    picture = draw(Badge(health="Healthy", sync="Synced", revision="abcdef0", title="shop"))
    assert texts(picture) == ["shop", "Healthy", "Synced", "(abcdef0)"]
    assert ElementTree.fromstring(picture).attrib["height"] == "40"


def test_what_is_not_there() -> None:
    assert texts(draw(NOT_FOUND)) == ["Not Found"]
    assert set(colors(draw(Badge()))) == {OTHER_COLOR}


def test_a_wish_for_more_room() -> None:
    assert ElementTree.fromstring(draw(Badge(), width=400)).attrib["width"] == "400"
    narrow = int(ElementTree.fromstring(draw(Badge(), width=1)).attrib["width"])
    assert 100 < narrow < 200
    assert int(ElementTree.fromstring(draw(Badge(title="x" * 100))).attrib["width"]) > 600


@pytest.mark.parametrize("hostile", ['<script>alert("x")</script>', "\"' onload='x", "&amp;", "]]>", "</svg>"])
def test_hostile_texts(hostile: str) -> None:
    picture = draw(Badge(health=hostile, sync="Synced", revision=hostile, title=hostile))
    assert texts(picture) == [hostile, hostile, "Synced", f"({hostile})"]
    tags = {one.tag.removeprefix(SVG) for one in ElementTree.fromstring(picture).iter()}
    assert tags == {"svg", "title", "clipPath", "rect", "g", "text"}


def test_control_characters() -> None:
    assert texts(draw(Badge(revision="a\x00\x1b\ud800b"))) == ["Unknown", "Unknown", "(a???b)"]


async def badge(desk: Desk, **query: Any) -> Answer:
    return await desk.call("GET", "/api/badge", who="", **query)


@pytest.fixture
async def shown(desk: Desk) -> Desk:
    """A desk whose badges are on, with an application `shop` in sync."""
    await desk.patch("ConfigMap", "argocd-cm", {"data": {"statusbadge.enabled": "true"}}, namespace=desk.control)
    desk.repo.commit({"app/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"})
    await desk.create(desk.an_app())
    await desk.synced()
    await until(lambda: badge(desk, name=desk.named()), lambda seen: b"Synced" in seen.body)
    return desk


async def test_of_an_application(shown: Desk) -> None:
    answer = await badge(shown, name=shown.named(), revision=True, showAppName="true")
    assert texts(answer.body) == [shown.named(), "Healthy", "Synced", f"({shown.repo.sha()[:7]})"]
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    full = await badge(shown, name=shown.named(), revision=True, keepFullRevision=True, namespace=shown.control)
    assert texts(full.body)[-1] == f"({shown.repo.sha()})"
    assert texts((await badge(shown, name="none")).body) == ["Not Found"]
    assert texts((await badge(shown, name=shown.named(), namespace="elsewhere")).body) == ["Not Found"]


async def test_of_projects(shown: Desk) -> None:
    assert texts((await badge(shown, project="default")).body) == ["Healthy", "Synced"]
    assert texts((await badge(shown, project=["default", "other"])).body) == ["Healthy", "Synced"]
    assert texts((await badge(shown, project="other")).body) == ["Unknown", "Unknown"]
    await shown.patch(
        "Application", shown.named(), {"status": {"sync": {"status": "Unknown"}}}, namespace=shown.control
    )
    answer = await until(lambda: badge(shown, project="default"), lambda seen: b"OutOfSync" in seen.body)
    assert texts(answer.body) == ["Healthy", "OutOfSync"]


async def test_off_until_somebody_turns_it_on(desk: Desk) -> None:
    await desk.create(desk.an_app())
    for query in ({"name": desk.named()}, {"name": "none"}, {"project": "default"}, {}):
        answer = await badge(desk, **query)
        assert (answer.status, texts(answer.body)) == (200, ["Unknown", "Unknown"])


@pytest.mark.parametrize(
    "query", [{"name": "a/b"}, {"name": "<x>"}, {"name": ".."}, {"project": "<x>"}, {"namespace": "A"}, {"width": "-1"}]
)
async def test_names_that_cannot_be(desk: Desk, query: dict[str, str]) -> None:
    assert (await badge(desk, **query)).failure[:2] == (400, 3)
