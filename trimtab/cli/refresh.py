"""Argo CD's refresh protocol, from the asking side: an annotation that the controller takes away again."""

from typing import Literal

from trimtab.cli.applications import Applications
from trimtab.cli.waiting import Deadline
from trimtab.errors import Stalled
from trimtab.model.keys import AppKey, Manifest, annotations_of
from trimtab.model.names import REFRESH

RefreshKind = Literal["normal", "hard"]


async def refreshed(applications: Applications, key: AppKey, *, kind: RefreshKind, timeout: float) -> Manifest:
    """The object after a refresh. Raises Stalled when none came within `timeout` seconds (0: no limit)."""
    await applications.ask_for_refresh(key, kind)
    deadline = Deadline(applications.clock, timeout)
    while True:
        raw = await applications.get(key)
        if REFRESH not in annotations_of(raw):
            return raw
        if not await deadline.pause():
            raise Stalled(f"Application {key} was not refreshed within {timeout:g} s; is a controller running?")
