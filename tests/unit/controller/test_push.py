"""A push that was heard of: Git is asked anew, and what was pushed while a look ran is not forgotten."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from trimtab.clock import StepClock
from trimtab.compare.prepare import Identity, Prepared
from trimtab.controller.pace import forget_push, fresh_since, hear_of_push, known_trouble, must_resolve
from trimtab.controller.queue import WorkQueue
from trimtab.controller.world import Declared, Memory, Trouble, World
from trimtab.errors import Stalled
from trimtab.model.application import Application, ApplicationSpec, Metadata
from trimtab.model.keys import AppKey
from trimtab.settings import Settings

KEY = AppKey("argocd", "shop")
APP = Application(api_version="argoproj.io/v1alpha1", kind="Application", metadata=Metadata(name="shop"))


@pytest.fixture
def world() -> World:
    clock = StepClock()
    clock.step(1000.0)
    memories = {KEY: Memory(declared=settled(), poll_at=clock.monotonic() + 60, asked_at=10.0)}
    settings = Settings(cache=Path("/nowhere"), poll=120.0, jitter=0.0)
    world = SimpleNamespace(settings=settings, clock=clock, memory=memories.__getitem__, queue=WorkQueue(clock))
    return cast(World, world)


def settled() -> Declared:
    identity = Identity(instance="shop", namespace="")
    return Declared(identity, (), (), (), "", Prepared())


def test_git_is_asked_anew(world: World) -> None:
    memory = world.memory(KEY)
    assert not must_resolve(APP, memory, world)
    assert fresh_since(APP, memory, world) == 970.0
    hear_of_push(KEY, world, calmly=False)
    assert must_resolve(APP, memory, world)
    assert fresh_since(APP, memory, world) == 1000.0
    assert len(world.queue) == 1


def test_a_push_during_a_look_calls_for_another(world: World) -> None:
    memory = world.memory(KEY)
    hear_of_push(KEY, world, calmly=False)
    seen = memory.pushed_at
    cast(StepClock, world.clock).step(0.1)
    hear_of_push(KEY, world, calmly=False)
    forget_push(memory, seen)
    assert must_resolve(APP, memory, world)
    forget_push(memory, memory.pushed_at)
    assert not must_resolve(APP, memory, world)


def test_a_trouble_does_not_keep_from_looking(world: World) -> None:
    memory = world.memory(KEY)
    memory.trouble = Trouble(Stalled("no such path"), ApplicationSpec(), 2000.0)
    assert known_trouble(APP, memory, world) is memory.trouble
    hear_of_push(KEY, world, calmly=False)
    assert known_trouble(APP, memory, world) is None


def test_calmly_is_not_right_after_a_look(world: World) -> None:
    world.memory(KEY).calm_until = 1000.5
    hear_of_push(KEY, world, calmly=True)
    assert len(world.queue) == 0
    assert world.queue.due_in(KEY) == 0.5
    hear_of_push(KEY, world, calmly=False)
    assert len(world.queue) == 1
