"""The configuration is followed live, and a broken one lets nobody do what it would not."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from tests.engine.world import until
from tests.server.desk import Answer, Desk
from trimtab.access.subject import Subject
from trimtab.model.observed import Listed, WatchEvent
from trimtab.server.configuration import FOLLOWED, Configuration

GOOD = "p, role:ops, accounts, get, *, allow\ng, ada, role:ops\ng, eve, role:ops\n"


async def can(desk: Desk, who: str, action: str = "get") -> bool:
    return desk.running.served.enforcer().judge(Subject(name=who), "accounts", action)("ada")


async def ready(desk: Desk) -> Answer:
    return await desk.call("GET", "/readyz", who="")


async def policy(desk: Desk, text: str) -> None:
    await desk.installed("ConfigMap", "argocd-rbac-cm", {"policy.csv": text})


async def test_a_change_of_the_policy_takes_effect(desk: Desk) -> None:
    assert not await can(desk, "eve")
    await policy(desk, GOOD)
    await until(lambda: can(desk, "eve"), bool)
    await policy(desk, "")
    await until(lambda: can(desk, "eve"), lambda allowed: not allowed)


async def test_a_broken_policy(desk: Desk) -> None:
    await policy(desk, GOOD)
    await until(lambda: can(desk, "eve"), bool)
    await policy(desk, GOOD.replace("g, eve, role:ops", "p, role:ops, accounts"))
    answer = await until(lambda: ready(desk), lambda seen: seen.body["problems"])
    assert answer.body["ready"], "what is broken stops nobody else"
    assert "policy.csv line 3" in answer.body["problems"]["argocd-rbac-cm"][0]
    assert await can(desk, "ada"), "what is whole and was good is in force"
    assert not await can(desk, "eve"), "what the broken one takes away is away"
    await policy(desk, "g, eve, role:admin\nnonsense\n")
    await until(lambda: can(desk, "ada"), lambda allowed: not allowed)
    assert not await can(desk, "eve", "update"), "what the broken one adds is not there yet"
    await desk.running.served.world.recorder.flush()
    events = await desk.list("Event", namespace=desk.control)
    about = [event for event in events if event["reason"] == "InvalidConfiguration"]
    assert len(about) == 2
    assert about[0]["involvedObject"]["name"] == "argocd-rbac-cm"
    await policy(desk, GOOD)
    await until(lambda: ready(desk), lambda seen: seen.body["problems"] == {})
    assert await can(desk, "eve")


async def test_a_start_with_a_broken_policy(empty_desk: Desk) -> None:
    await empty_desk.prepare(policy="g, ada, role:admin\nnonsense\n")
    await empty_desk.start()
    assert await can(empty_desk, "ada"), "what can be read is in force: nobody knows of a better one"
    assert not await can(empty_desk, "eve")
    assert (await ready(empty_desk)).body["problems"]["argocd-rbac-cm"]


async def test_nothing_is_judged_before_all_of_it_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ConfigMap that refers to a Secret is not broken because the Secrets come later."""
    listings: dict[str, asyncio.Event] = {kind: asyncio.Event() for _, kind in FOLLOWED}

    async def watched(_transport: object, resource: str, **_: object) -> AsyncIterator[list[WatchEvent]]:
        await listings[resource].wait()
        yield [Listed()]
        await asyncio.Event().wait()

    class Found:
        async def find(self, _group: str, kind: str) -> str:
            return kind

    monkeypatch.setattr("trimtab.server.configuration.watch", watched)
    configuration = Configuration(cast(Any, None), cast(Any, Found()), namespace="argocd")
    heard: list[tuple[str, ...]] = []
    configuration.on_change(lambda: heard.append(configuration.waiting_for()))
    async with configuration.following():
        for kind in ("ConfigMap", "AppProject", "Secret"):
            listings[kind].set()
            await until(lambda: _waiting(configuration), lambda left, kind=kind: kind not in left)  # type: ignore[misc]
    assert heard == [()]


async def _waiting(configuration: Configuration) -> tuple[str, ...]:
    return configuration.waiting_for()
