"""When the controller tries again."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from trimtab.clock import StepClock
from trimtab.controller.pace import backoff, known_trouble, poll_pause
from trimtab.controller.world import Memory, Trouble, World
from trimtab.errors import Retry, Stalled, Wait
from trimtab.model.application import Application, ApplicationSpec, Metadata
from trimtab.model.names import REFRESH
from trimtab.settings import Settings


@pytest.fixture
def world() -> World:
    settings = Settings(cache=Path("/nowhere"), poll=120.0, jitter=0.0)
    return cast(World, SimpleNamespace(settings=settings, clock=StepClock()))


def an_app(spec: ApplicationSpec, **annotations: str) -> Application:
    metadata = Metadata(name="shop", namespace="argocd", annotations=annotations)
    return Application(api_version="argoproj.io/v1alpha1", kind="Application", metadata=metadata, spec=spec)


def test_what_may_pass_is_tried_again_with_growing_pauses(world: World) -> None:
    memory = Memory()
    pauses = [backoff(memory, Retry("lost"), world) for _ in range(9)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_server_says_when(world: World) -> None:
    assert backoff(Memory(), Retry("busy", after=7.0), world) == 7.0


def test_what_cannot_pass_waits_for_the_next_poll(world: World) -> None:
    memory = Memory()
    assert backoff(memory, Stalled("no such path"), world) == 120.0
    assert memory.failures == 1


def test_git_is_asked_again_after_the_interval_and_some_more(world: World) -> None:
    world.settings = Settings(cache=Path("/nowhere"), poll=120.0, jitter=60.0)
    memory, other = Memory(uid="a"), Memory(uid="b")
    pauses = [poll_pause(memory, world) for _ in range(50)]
    assert all(120 <= pause < 180 for pause in pauses)
    assert len(set(pauses)) == 50
    assert poll_pause(other, world) != pauses[0]


def test_an_interval_of_zero_turns_polling_off(world: World) -> None:
    world.settings = Settings(cache=Path("/nowhere"), poll=0.0, jitter=60.0)
    assert poll_pause(Memory(), world) == float("inf")
    assert backoff(Memory(), Stalled("no such path"), world) == float("inf")


def test_waiting_is_no_failure(world: World) -> None:
    memory = Memory()
    assert backoff(memory, Wait("for the other", after=3.0), world) == 3.0
    assert memory.failures == 0


def test_a_trouble_holds_until_its_time_or_until_something_changes(world: World) -> None:
    spec = ApplicationSpec(project="default")
    trouble = Trouble(Stalled("no such path"), spec, 10.0)
    memory = Memory(trouble=trouble)
    assert known_trouble(an_app(spec), memory, world) is trouble
    assert known_trouble(an_app(spec, **{REFRESH: "normal"}), memory, world) is None
    assert known_trouble(an_app(ApplicationSpec(project="other")), memory, world) is None
    cast(StepClock, world.clock).step(10.0)
    assert known_trouble(an_app(spec), memory, world) is None
