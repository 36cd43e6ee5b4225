"""The open streams of Applications: a change is cut once for each projection, and judged once for each channel."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from trimtab.access.enforcer import Enforcer
from trimtab.server.applications.catalogue import Catalogue
from trimtab.server.applications.channel import Channel, Interest
from trimtab.server.applications.stored import Stored
from trimtab.server.applications.subscriber import Subscriber
from trimtab.server.applications.views import View, Views

AT_ONCE = 250
"""Applications that are judged anew before others get their turn."""


MOST_CHANNELS = 2_000
"""Each is judged, and most are cut, anew for each change. Streams that ask the same with the same rights are one."""


class Hub:
    """`rights` gives the rights as they are now; `rights_changed` is to be called when they may be others."""

    def __init__(self, catalogue: Catalogue, views: Views, *, namespace: str, rights: Callable[[], Enforcer]) -> None:
        self._catalogue = catalogue
        self._views = views
        self._namespace = namespace
        self._rights = rights
        self._judged_by: Enforcer | None = None
        self._channels: dict[Interest, Channel] = {}
        self._sweeping: asyncio.Task[None] | None = None
        catalogue.listen(self._changed)

    @property
    def channels(self) -> int:
        """How many different things the open streams are about."""
        return len(self._channels)

    def has_room(self, interest: Interest) -> bool:
        """May another stream be opened?"""
        return interest in self._channels or len(self._channels) < MOST_CHANNELS

    async def stream(self, interest: Interest, *, since: int | None) -> AsyncGenerator[bytes, None]:
        """JSON of events, without end. `since`: what is older than this resourceVersion is known to the caller."""
        channel = self._channel(interest)
        subscriber = Subscriber(typed=interest.projection.typed)
        channel.subscribers.add(subscriber)
        messages = subscriber.messages(channel.initial(subscriber, since))
        try:
            async for message in messages:
                yield message
        finally:
            await messages.aclose()
            channel.subscribers.discard(subscriber)
            if not channel.subscribers and self._channels.get(interest) is channel:
                del self._channels[interest]

    def rights_changed(self) -> None:
        """Tell everybody who sees more or less than before."""
        enforcer = self._rights()
        if enforcer is self._judged_by:
            return
        self._judged_by = enforcer
        for channel in self._channels.values():
            channel.rejudge(enforcer.judge(channel.subject, "applications", "get"))
        if self._channels:
            if self._sweeping is not None:
                self._sweeping.cancel()
            self._sweeping = asyncio.create_task(self._sweep(), name="rights of streams")

    def _channel(self, interest: Interest) -> Channel:
        self.rights_changed()
        if interest not in self._channels:
            judge = self._rights().judge(interest.subject, "applications", "get")
            view = self._views.of(interest.projection)
            self._channels[interest] = Channel(self._catalogue, interest, view, judge, namespace=self._namespace)
        return self._channels[interest]

    async def _sweep(self) -> None:
        unswept = list(self._channels.values())
        while unswept:
            unswept = [channel for channel in unswept if channel.sweep(AT_ONCE)]
            await asyncio.sleep(0)

    def _changed(self, before: Stored | None, after: Stored | None) -> None:
        self.rights_changed()
        made: dict[tuple[View, bool], bytes] = {}

        def cut(view: View, app: Stored) -> bytes:
            key = (view, app is after)
            if key not in made:
                made[key] = view.fragment(app)
            return made[key]

        for channel in self._channels.values():
            channel.changed(before, after, cut)
