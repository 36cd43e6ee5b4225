"""Webhooks of repositories, and their deliveries."""

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from trimtab.fakegithub.api.call import NOTHING, Answer, Call, Route, created
from trimtab.fakegithub.api.refusal import invalid, not_found
from trimtab.fakegithub.hooks import Delivery, Hook
from trimtab.fakegithub.shapes import repositories
from trimtab.fakegithub.shapes.people import Json
from trimtab.fakegithub.world import World

HIDDEN = "********"
"""What is shown of a secret; sent back, it changes nothing."""

MOST_HOOKS = 20
"""Of one event in one repository."""


def hooks(call: Call) -> list[Json]:
    return [repositories.hook(call.world, call.repository, one) for one in call.repository.hooks]


def create(call: Call) -> Answer:
    """https://docs.github.com/rest/repos/webhooks"""
    config = call.body.get("config") or {}
    check_url(call.world, config.get("url"), resource="Hook")
    events = tuple(call.body.get("events") or ("push",))
    same = [one for one in call.repository.hooks if (one.url, one.events) == (config["url"], events)]
    if same:
        raise invalid("Hook", "", "Hook already exists on this repository")
    if sum(bool(set(one.events) & set(events)) for one in call.repository.hooks) >= MOST_HOOKS:
        raise invalid("Hook", "", f"The {events[0]!r} event cannot have more than {MOST_HOOKS} hooks")
    made = call.world.hook(
        call.repository,
        config["url"],
        secret=config.get("secret") or "",
        events=events,
        content_type=config.get("content_type") or "form",
        insecure_ssl=str(config.get("insecure_ssl") or "0"),
        active=bool(call.body.get("active", True)),
    )
    return created(repositories.hook(call.world, call.repository, made))


def hook(call: Call) -> Json:
    return repositories.hook(call.world, call.repository, _hook(call))


def update(call: Call) -> Json:
    found = _hook(call)
    if "config" in call.body:
        configure(call.world, found, call.body["config"], replaced=True)
    events = call.body.get("events", list(found.events)) + call.body.get("add_events", [])
    found.events = tuple(one for one in dict.fromkeys(events) if one not in call.body.get("remove_events", []))
    found.active = bool(call.body.get("active", found.active))
    found.updated_at = call.world.clock.now()
    return repositories.hook(call.world, call.repository, found)


def delete(call: Call) -> Answer:
    call.repository.hooks.remove(_hook(call))
    return NOTHING


def ping(call: Call) -> Answer:
    call.world.ping(_hook(call), call.repository)
    return NOTHING


def deliveries(call: Call) -> list[Json]:
    return [repositories.delivery_item(one) for one in _hook(call).deliveries]


def delivery(call: Call) -> Json:
    return repositories.delivery(find_delivery(call, _hook(call)))


def redeliver(call: Call) -> Answer:
    found = _hook(call)
    call.world.redeliver(found, find_delivery(call, found))
    return Answer({}, 202)


def find_delivery(call: Call, found: Hook) -> Delivery:
    """The delivery of the path. Raises Refusal."""
    number = call.number("delivery_id")
    for one in found.deliveries:
        if one.id == number:
            return one
    raise not_found()


def configure(world: World, found: Hook, config: Mapping[str, Any], *, replaced: bool = False) -> None:
    """Change where a hook goes. `replaced`: a secret that is not given is gone. Raises Refusal."""
    if "url" in config or replaced:
        check_url(world, config.get("url"), resource="Hook")
        found.url = config["url"]
    kept = "" if replaced else found.secret
    given = config.get("secret", kept) or ""
    found.secret = found.secret if given == HIDDEN else given
    found.content_type = config.get("content_type", found.content_type)
    found.insecure_ssl = str(config.get("insecure_ssl", found.insecure_ssl))
    found.updated_at = world.clock.now()


def check_url(world: World, url: object, *, resource: str) -> None:
    """Raises Refusal for a URL that GitHub would not call."""
    parts = urlsplit(url if isinstance(url, str) else "")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid(resource, "url", "url is missing a scheme" if url else "url cannot be blank")
    if world.public_hooks_only and _private(parts.hostname):
        where = f"url is not supported because it isn't reachable over the public Internet ({parts.hostname})"
        raise invalid(resource, "url", where)


def _private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _hook(call: Call) -> Hook:
    number = call.number("hook_id")
    found = next((one for one in call.repository.hooks if one.id == number), None)
    if found is None:
        raise not_found()
    return found


_READ, _WRITE = "repository_hooks:read", "repository_hooks:write"
_PATH = "/repos/{owner}/{repo}/hooks"
_ONE = _PATH + "/{hook_id}"
ROUTES = (
    Route("GET", _PATH, hooks, permission=_READ),
    Route("POST", _PATH, create, permission=_WRITE),
    Route("GET", _ONE, hook, permission=_READ),
    Route("PATCH", _ONE, update, permission=_WRITE),
    Route("DELETE", _ONE, delete, permission=_WRITE),
    Route("POST", _ONE + "/pings", ping, permission=_READ),
    Route("GET", _ONE + "/deliveries", deliveries, permission=_READ),
    Route("GET", _ONE + "/deliveries/{delivery_id}", delivery, permission=_READ),
    Route("POST", _ONE + "/deliveries/{delivery_id}/attempts", redeliver, permission=_WRITE),
)
