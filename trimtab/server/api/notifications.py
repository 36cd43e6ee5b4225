"""/api/v1/notifications: the names of what argocd-notifications-cm configures. Nothing sends notifications yet."""

from typing import Any

from msgspec import Struct

from trimtab.server.call import Call
from trimtab.server.operation import Handler, NoQuery, Operation
from trimtab.server.reply import Json

CONFIG_MAP = "argocd-notifications-cm"


class Named(Struct, frozen=True):
    name: str


class NamedList(Struct, frozen=True):
    items: tuple[Named, ...] | None


def _operation(noun: str, prefix: str) -> Operation[NoQuery, None]:
    return Operation(
        method="GET",
        path=f"/api/v1/notifications/{noun}",
        id=f"NotificationService_List{noun.capitalize()}",
        handler=_lister(f"{prefix}."),
        needs="logged in",
        query=NoQuery,
        body=type(None),
        reply=NamedList,
        summary=f"The {noun} that {CONFIG_MAP} configures",
    )


def _lister(prefix: str) -> Handler[NoQuery, None]:
    async def listed(call: Call[NoQuery, None]) -> Json:
        data: dict[str, Any] = dict(call.served.configuration.config_map(CONFIG_MAP))
        names = sorted(key.removeprefix(prefix) for key in data if key.startswith(prefix))
        return Json(value=NamedList(items=tuple(map(Named, names)) or None))

    return listed


OPERATIONS = tuple(
    _operation(noun, prefix)
    for noun, prefix in (("services", "service"), ("triggers", "trigger"), ("templates", "template"))
)
