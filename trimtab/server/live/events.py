"""Kubernetes' Events about an application or one of its objects."""

from typing import Any

import msgspec
from msgspec import Struct

from trimtab.kube import read
from trimtab.kube.discovery import Discovery
from trimtab.kube.transport import Transport
from trimtab.model.part import Part

NEWEST = 500
"""So many of one object are shown."""


class ObjectReference(Part, frozen=True):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    resource_version: str = ""
    field_path: str = ""


class EventSource(Part, frozen=True):
    component: str = ""
    host: str = ""


class EventSeries(Part, frozen=True):
    count: int = 0
    last_observed_time: str | None = None


class Event(Struct, frozen=True, rename="camel", kw_only=True):
    """As the API server has it. `event_time` is there even where it is null."""

    metadata: dict[str, Any]
    involved_object: ObjectReference = ObjectReference()
    reason: str | None = ""
    message: str | None = ""
    source: EventSource = EventSource()
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    count: int | None = 0
    type: str | None = ""
    event_time: str | None = None
    series: EventSeries | msgspec.UnsetType | None = msgspec.UNSET
    action: str | msgspec.UnsetType = msgspec.UNSET
    related: ObjectReference | msgspec.UnsetType | None = msgspec.UNSET
    reporting_component: str | msgspec.UnsetType = msgspec.UNSET
    reporting_instance: str | msgspec.UnsetType = msgspec.UNSET


class EventListMeta(Part, frozen=True):
    resource_version: str = ""


class EventList(Struct, frozen=True):
    """`items` is null where there is none."""

    metadata: EventListMeta
    items: tuple[Event, ...] | None


class About(Struct, frozen=True):
    """The object that the Events are about; `uid` "" for any of that name."""

    namespace: str
    name: str
    uid: str = ""


_EVENT = msgspec.json.Decoder(Event)


async def events_about(transport: Transport, discovery: Discovery, about: About) -> EventList:
    """The newest, as the API server lists them. Raises `ApiError`."""
    resource = await discovery.find("", "Event", version="v1")
    wanted = {"name": about.name, "uid": about.uid, "namespace": about.namespace}
    selector = ",".join(f"involvedObject.{field}={value}" for field, value in wanted.items() if value)
    found: list[Event] = []
    version = ""
    pages = read.pages(transport, resource, namespace=about.namespace or "default", field_selector=selector)
    async for page in pages:
        if page.first:
            found.clear()
        found += [_EVENT.decode(one.raw) for one in page.objects]
        version = page.resource_version
    found.sort(key=lambda event: event.last_timestamp or event.event_time or "")
    return EventList(EventListMeta(resource_version=version), tuple(found[-NEWEST:]) or None)
