"""Every operation of the server × everybody who might call it: what the table says is needed is what is asked for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from msgspec import Struct

from tests.engine.world import Account, until
from tests.server.conforming import conforming
from tests.server.desk import Desk, a_desk
from tests.server.privileges.recipes import ANY, RECIPES
from tests.server.privileges.sides import Side, Things, restore, set_up, side_of, things, versions
from trimtab.kube.config import ClusterConfig
from trimtab.server.auth import sessions, tokens
from trimtab.server.listening import Options
from trimtab.server.operation import AnyOperation, Needs
from trimtab.server.operations import OPERATIONS

ALONE = Options(port=0, controller=False)
BRIEFLY = 0.2
"""Seconds; a stream with something to say says it at once."""
BY_ID = {one.id: one for one in OPERATIONS}
GUARDED = [one for one in OPERATIONS if isinstance(one.needs, Needs)]
REFUSED = (403, 404)
NO_MORE: Mapping[str, str] = {}


class Said(Struct, frozen=True):
    status: int
    text: str
    headers: Mapping[str, str]


class Person(Struct, frozen=True):
    """Somebody who calls. `may`: what RBAC allows them, by operation and by whether it is about the side `shown`."""

    name: str
    token: str
    may: Callable[[AnyOperation, bool], bool]


class Walk:
    """The desk, its two sides, and who calls."""

    def __init__(self, desk: Desk, shown: Side, hidden: Side) -> None:
        self.desk = desk
        self.shown = shown
        self.hidden = hidden

    async def ask(self, operation: AnyOperation, side: Side, token: str, *, query: Mapping[str, str] = NO_MORE) -> Said:
        """Send the operation's recipe, with more of a query."""
        recipe = RECIPES[operation.id]
        path = operation.path
        for name, value in recipe.params.items():
            path = path.replace(f"{{{name}}}", quote(side.fill(value), safe=""))
        assert "{" not in path, f"{operation.id}: the recipe leaves {path}"
        headers = {"authorization": f"Bearer {token}"} if token else {}
        json = None if recipe.json is None else side.fill(recipe.json)
        sent = aiohttp.request(
            operation.method,
            f"{self.desk.running.url}{path}",
            params={**side.fill(recipe.query), **query},
            json=json,
            headers=headers,
            allow_redirects=False,
        )
        async with sent as response:
            body = await _beginning(response) if operation.streams and response.ok else await response.read()
            if not operation.streams:
                kind = response.headers.get("content-type", "")
                conforming().check(operation.method, path, status=response.status, content_type=kind, body=body)
            return Said(response.status, body.decode(), response.headers)

    def token(self, account: str) -> str:
        return sessions.session_token(self.desk.running.served, account, 3600)

    def one_with(self, operation: AnyOperation) -> Person:
        """Who may exactly what the operation needs, on one side."""
        return Person("exact", self.token(f"may-{OPERATIONS.index(operation)}"), lambda _, shown: shown)

    def one_without(self, operation: AnyOperation) -> Person:
        """The same, and a rule that denies it."""
        return Person("denied", self.token(f"not-{OPERATIONS.index(operation)}"), lambda _, shown: False)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """What a stream says at once."""
    said = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BRIEFLY):
            async for line in response.content:
                said += line
    return said


def _policy(side: Side) -> str:
    lines = ["g, ada, role:readonly", "g, root, role:admin"]
    for at, operation in enumerate(OPERATIONS):
        if isinstance(needs := operation.needs, Needs):
            object_ = side.fill(RECIPES[operation.id].object) if operation.id in RECIPES else ANY
            action = f"{needs.action}/*" if needs.action == "action" else needs.action
            what = f"{needs.resource}, {action}"
            lines += [f"p, {who}-{at}, {what}, {object_}, allow" for who in ("may", "not")]
            lines += [f"p, may-{at}, {right}, {object_}, allow" for right in _also(operation)]
            lines.append(f"p, not-{at}, {what}, {object_}, deny")
    return "\n".join(lines)


def _also(operation: AnyOperation) -> tuple[str, ...]:
    return RECIPES[operation.id].also if operation.id in RECIPES else ()


@pytest.fixture
async def walk(
    api: ClusterConfig, account: Account, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Walk]:
    guarded = [at for at, operation in enumerate(OPERATIONS) if isinstance(operation.needs, Needs)]
    accounts = ("ada", "eve", "root", *(f"{who}-{at}" for at in guarded for who in ("may", "not")))
    async with a_desk(api, tmp_path) as desk:
        desk.config = account(desk)
        shown, hidden = side_of(desk, "shown"), side_of(desk, "hidden")
        await set_up(desk, (shown, hidden), accounts=accounts, policy=_policy(shown))
        await desk.start(options=ALONE)
        # A first start makes it in the background: what the walk sees being written is to be the walk's doing.
        await until(lambda: desk.get("argoproj.io/AppProject", "default", namespace=desk.control), bool)
        yield Walk(desk, shown, hidden)
    assert "defect" not in caplog.text


def _project_token(walk: Walk) -> str:
    served = walk.desk.running.served
    claims = tokens.Claims(iss="argocd", sub="proj:shown:deployer", iat=1, jti="old")
    return tokens.mint(claims, sessions.signing_key(served))


def _forged(walk: Walk) -> str:
    served = walk.desk.running.served
    token, _ = tokens.issue(b"x" * 43, subject="admin:login", now=sessions.now(served), seconds=3600, token_id="x")
    return token


def _people(walk: Walk) -> list[Person]:
    """Those who are the same for every operation."""
    return [
        Person("admin", walk.token("admin"), lambda _, shown: True),
        Person("role:admin", walk.token("root"), lambda _, shown: True),
        Person("role:readonly", walk.token("ada"), lambda operation, shown: _needs(operation).action == "get"),
        Person("nothing", walk.token("eve"), lambda _, shown: False),
        Person("project token", _project_token(walk), _may_role),
    ]


def _may_role(operation: AnyOperation, shown: bool) -> bool:
    """What its policy says, and, as for every role of a project, see the project."""
    needs, object_ = _needs(operation), RECIPES[operation.id].object
    everything = object_ == ANY and operation.id == "Trimtab_Metrics"
    return shown and not everything and needs.action == "get" and needs.resource in ("applications", "projects")


def test_every_operation_has_a_recipe() -> None:
    """A new operation is added to `RECIPES` with the object that it is about."""
    assert set(BY_ID) - set(RECIPES) == set(), "operations that nobody walks"
    assert set(RECIPES) - set(BY_ID) == set(), "recipes of operations that are gone"


async def test_nobody_gets_in(walk: Walk) -> None:
    wrong: list[str] = []
    for operation in OPERATIONS:
        for token in ("", _forged(walk)):
            said = await walk.ask(operation, walk.shown, token)
            fits = said.status in RECIPES[operation.id].says if operation.needs == "public" else said.status == 401
            if not fits:
                wrong.append(f"{operation.id} {'forged' if token else 'nobody'}: {said.status} {said.text[:200]}")
    assert not wrong, "\n".join(wrong)


async def test_who_is_logged_in_needs_no_more_where_it_says_so(walk: Walk) -> None:
    for operation in OPERATIONS:
        if operation.needs == "logged in":
            said = await walk.ask(operation, walk.shown, walk.token("eve"))
            assert said.status in RECIPES[operation.id].says, (operation.id, said)


async def test_without_the_right_nothing_is_told_and_nothing_is_written(walk: Walk) -> None:
    wrong: list[str] = []
    everybody = _people(walk)
    before = versions(await things(walk.desk))
    for operation in GUARDED:
        for person in (*everybody, walk.one_with(operation), walk.one_without(operation)):
            for side in _sides(walk, operation):
                if not person.may(operation, side is walk.shown):
                    said = await walk.ask(operation, side, person.token)
                    wrong += [f"{operation.id} {person.name}: {one}" for one in _told(operation, side, said)]
        if operation.method != "GET":
            after = versions(await things(walk.desk))
            wrong += [f"{operation.id} wrote {key}" for key, _ in after.items() ^ before.items()]
            before = after
    assert versions(await things(walk.desk)) == before, "a read wrote something"
    assert not wrong, "\n".join(wrong)


def _told(operation: AnyOperation, side: Side, said: Said) -> list[str]:
    """What somebody was told who may not hear it."""
    recipe = RECIPES[operation.id]
    if recipe.object == ANY and said.status == 501:
        # Where no object is asked about, a rule that denies some cannot be told from none.
        return []
    if recipe.lists and said.status == 200:
        return [f"lists {found}"] if (found := side.fill(recipe.lists)) in said.text else []
    return [] if said.status in REFUSED else [f"{said.status} {said.text[:200]}"]


@pytest.mark.timeout(180)
async def test_with_the_right_it_is_done(walk: Walk) -> None:
    wrong: list[str] = []
    everybody = _people(walk)
    before = await things(walk.desk)
    for operation in GUARDED:
        for person in (*everybody, walk.one_with(operation)):
            for side in _sides(walk, operation):
                if person.may(operation, side is walk.shown):
                    said = await walk.ask(operation, side, person.token)
                    wrong += [f"{operation.id} {person.name}: {one}" for one in _missed(operation, side, said)]
                    await _undo(walk, operation, before)
    assert not wrong, "\n".join(wrong)


def _missed(operation: AnyOperation, side: Side, said: Said) -> list[str]:
    recipe = RECIPES[operation.id]
    if said.status == 503 and "PodLogs" in operation.id and "containerLogs" in said.text:
        # A control plane without nodes: the question came as far as the kubelet that is not there.
        return []
    if said.status not in recipe.says:
        return [f"{said.status} {said.text[:300]}"]
    return [f"does not list {side.fill(recipe.lists)}"] if side.fill(recipe.lists) not in said.text else []


async def _undo(walk: Walk, operation: AnyOperation, before: Things) -> None:
    if operation.method != "GET":
        await restore(walk.desk, before)


def _needs(operation: AnyOperation) -> Needs:
    assert isinstance(operation.needs, Needs)
    return operation.needs


def _sides(walk: Walk, operation: AnyOperation) -> list[Side]:
    """What asks for a right on nothing, or on everything, is asked once."""
    return [walk.shown] if RECIPES[operation.id].object == ANY else [walk.shown, walk.hidden]


ABOUT_AN_APPLICATION = [one for one in GUARDED if {"$app", "$busy"} & set(RECIPES[one.id].params.values())]


async def test_a_hidden_application_answers_as_a_missing_one(walk: Walk) -> None:
    """Status, body and headers are the same, whoever asks, whatever they may do elsewhere."""
    wrong: list[str] = []
    for operation in ABOUT_AN_APPLICATION:
        for token in (walk.token("eve"), walk.one_with(operation).token, _project_token(walk)):
            for project in ("", "shown", "hidden"):
                hidden, missing = [
                    await _seen(walk, operation, token, name=name, project=project)
                    for name in (walk.hidden.names["app"], walk.hidden.names["app"].replace("hidden", "absent"))
                ]
                if hidden != missing:
                    wrong.append(f"{operation.id} in project {project!r}: {hidden} but {missing}")
    assert not wrong, "\n".join(wrong)


async def _seen(walk: Walk, operation: AnyOperation, token: str, *, name: str, project: str) -> tuple[object, ...]:
    side = Side({**walk.hidden.names, "app": name, "busy": name})
    said = await walk.ask(operation, side, token, query={"project": project} if project else NO_MORE)
    headers = {key: value for key, value in said.headers.items() if key.lower() != "date"}
    return said.status, said.text.replace(name, "NAME"), headers
