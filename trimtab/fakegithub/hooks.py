"""Webhooks, of repositories and of Apps, and what was delivered to them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Delivery:
    """One request to a hook. `status`: "" until it was sent; then `OK`, or what went wrong."""

    id: int
    guid: str
    event: str
    payload: Mapping[str, Any]
    delivered_at: dt.datetime
    redelivery: bool = False
    repository: int | None = None
    installation: int | None = None
    status: str = ""
    status_code: int = 0
    duration: float = 0.0
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: str = ""


@dataclass
class Hook:
    """`target`: (`repository` or `integration`, its id). `secret` signs what is delivered."""

    id: int
    target: tuple[str, int]
    url: str
    created_at: dt.datetime
    updated_at: dt.datetime
    secret: str = field(default="", repr=False)
    events: tuple[str, ...] = ("push",)
    active: bool = True
    content_type: str = "form"
    insecure_ssl: str = "0"
    deliveries: list[Delivery] = field(default_factory=list)

    def hears(self, event: str) -> bool:
        """Is it told of `event`? Pings always come."""
        return self.active and bool(self.url) and (event == "ping" or event in self.events or "*" in self.events)
