"""What the API server says of a refused Secret goes into results, conditions and events without its values."""

import asyncio
from typing import Any

import msgspec

from tests.builders import INSTANCE, START, an_object, compared, prepared
from trimtab.apply.run import Terms, run
from trimtab.errors import Stalled
from trimtab.live.store import LiveStore
from trimtab.model.keys import Kind, Manifest, ObjectKey
from trimtab.model.observed import Observed
from trimtab.sync.plan import make_plan
from trimtab.sync.progress import Finished, Reported, SyncEvent
from trimtab.sync.task import Options

QUOTED = "expected string, got &value.valueUnstructured{Value:hunter2}; also aHVudGVyMg=="


class Refusing:
    """A cluster that refuses everything, and quotes what it refuses."""

    def __init__(self) -> None:
        self.live = LiveStore()
        self.writing = asyncio.Semaphore(1)

    @property
    def transport(self) -> Any:
        raise AssertionError("nothing gets that far")

    discovery = transport

    async def resource(self, kind: Kind) -> Any:
        raise Stalled(f"apply {kind.kind}: {QUOTED}")

    def take_in(self, observed: Observed) -> None:
        raise AssertionError("nothing is written")

    async def changed(self, keys: frozenset[ObjectKey], *, timeout: float) -> None:
        raise AssertionError("nothing is waited for")


async def events_of(target: Manifest) -> list[SyncEvent]:
    plan = make_plan(compared(prepared(target)), (), Options(started_at=START))
    return [event async for event in run(plan, Refusing(), Terms(instance=INSTANCE))]


async def test_a_refused_secret() -> None:
    events = await events_of(an_object("Secret", "s", stringData={"a": "hunter2"}))
    told = [event.result.message for event in events if isinstance(event, Reported)]
    told += [event.message for event in events if isinstance(event, Finished)]
    assert len(told) == 2
    for message in told:
        assert "apply Secret: expected string" in message
        assert "++++++++" in message
        assert "hunter2" not in message
        assert "aHVudGVyMg==" not in message
    results = [event.result for event in events if isinstance(event, Reported)]
    assert b"hunter2" not in msgspec.json.encode(results)


async def test_any_other_object_is_told_of_in_full() -> None:
    events = await events_of(an_object(data={"a": "hunter2"}))
    (result,) = [event.result for event in events if isinstance(event, Reported)]
    assert (result.status, result.message) == ("SyncFailed", f"apply ConfigMap: {QUOTED}")
