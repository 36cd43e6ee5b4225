"""Tokens of a project's roles: handed out, listed in the AppProject, taken back."""

import asyncio
from typing import Any

import pytest

from tests.engine.world import until
from tests.server.auth_local.people import at
from tests.server.desk import Desk
from trimtab.model.names import GROUP
from trimtab.server.auth.project_tokens import create_project_token, delete_project_token
from trimtab.server.failures import Failure

SPEC: dict[str, Any] = {
    "sourceRepos": ["*"],
    "roles": [{"name": "ci", "policies": ["p, proj:shop:ci, applications, sync, shop/*, allow"]}, {"name": "cd"}],
}


async def shop(desk: Desk, spec: dict[str, Any] = SPEC, **more: Any) -> None:
    """A project with two roles."""
    metadata = {"name": "shop", "namespace": desk.control}
    manifest = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec, **more}
    await desk.apply(manifest, by="tests", force=True)


async def project(desk: Desk) -> Any:
    return await desk.get("AppProject", "shop", namespace=desk.control)


async def test_a_token_works_until_it_is_deleted(desk: Desk) -> None:
    await shop(desk)
    served = desk.running.served
    token = await create_project_token(served, "shop", "ci", token_id="one", seconds=60)
    assert (await at(desk, token)).status == 200
    user = await desk.call("GET", "/api/v1/session/userinfo", who="", headers={"authorization": f"Bearer {token}"})
    assert user.body == {"loggedIn": True, "username": "proj:shop:ci", "iss": "argocd"}
    (listed,) = (await project(desk))["spec"]["roles"][0]["jwtTokens"]
    assert (await project(desk))["status"]["jwtTokensByRole"] == {"ci": {"items": [listed]}}
    assert listed["id"] == "one" and listed["exp"] - listed["iat"] == 60
    await delete_project_token(served, "shop", "ci", iat=0, token_id="one")
    assert (await at(desk, token)).failure[2] == "invalid session: project shop does not list this token of role ci"
    await delete_project_token(served, "shop", "ci", iat=0, token_id="one")


async def test_a_token_counts_no_longer_than_its_role(desk: Desk) -> None:
    await shop(desk)
    served = desk.running.served
    token = await create_project_token(served, "shop", "cd")
    assert (await at(desk, token)).status == 200
    left = {"spec": {"roles": SPEC["roles"][:1]}}
    await desk.patch("AppProject", "shop", left, namespace=desk.control)
    gone = await until(lambda: at(desk, token), lambda answer: answer.status == 401)
    assert gone.failure[2] == "invalid session: project shop has no role cd"


async def test_what_else_is_in_the_project_stays(desk: Desk) -> None:
    roles = [{**SPEC["roles"][0], "jwtTokens": [{"iat": 5, "id": "old"}]}, SPEC["roles"][1]]
    await shop(desk, {**SPEC, "roles": roles}, status={"jwtTokensByRole": {"ci": {"items": [{"iat": 6}]}}})
    await create_project_token(desk.running.served, "shop", "ci", token_id="new")
    after = await project(desk)
    assert [token.get("id", token["iat"]) for token in after["spec"]["roles"][0]["jwtTokens"]] == ["old", 6, "new"]
    assert after["spec"]["roles"][1] == SPEC["roles"][1]
    assert after["spec"]["roles"][0]["policies"] == SPEC["roles"][0]["policies"]
    await delete_project_token(desk.running.served, "shop", "ci", iat=6)
    left = (await project(desk))["status"]["jwtTokensByRole"]["ci"]["items"]
    assert [token["id"] for token in left] == ["old", "new"]


async def test_tokens_made_at_once_are_all_listed(desk: Desk) -> None:
    await shop(desk)
    made = [create_project_token(desk.running.served, "shop", role) for role in ("ci", "cd") * 3]
    for token in await asyncio.gather(*made):
        assert (await at(desk, token)).status == 200


BAD: list[tuple[str, str, str, int, int]] = [
    ("nowhere", "ci", "", 0, 404),
    ("shop", "none", "", 0, 404),
    ("../shop", "ci", "", 0, 404),
    ("shop", "ci", "taken", 0, 409),
    ("shop", "ci", "x" * 200, 0, 400),
    ("shop", "ci", "", -1, 400),
    ("shop:x", "ci", "", 0, 400),
]


async def test_bad_tokens_are_refused(desk: Desk) -> None:
    await shop(desk)
    await create_project_token(desk.running.served, "shop", "ci", token_id="taken")
    for name, role, token_id, seconds, status in BAD:
        with pytest.raises(Failure) as caught:
            await create_project_token(desk.running.served, name, role, token_id=token_id, seconds=seconds)
        assert caught.value.status == status, (name, role)
    assert len((await project(desk))["spec"]["roles"][0]["jwtTokens"]) == 1
