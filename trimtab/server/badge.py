"""GET /api/badge: how an application is, as a small picture for a README. Whoever may load it is not asked for: it is
off until statusbadge.enabled in argocd-cm is true, and until then says Unknown of everything, as Argo CD's does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from trimtab.model.keys import AppKey
from trimtab.model.names import ARGOCD_CM
from trimtab.server.applications.lookup import POSSIBLE_NAME
from trimtab.server.applications.stored import Stored
from trimtab.server.call import Call
from trimtab.server.failures import bad_request
from trimtab.server.operation import Operation, Query
from trimtab.server.reply import Raw
from trimtab.server.served import Served

COLORS: Mapping[str, str] = {
    "Healthy": "#15803d",
    "Synced": "#15803d",
    "Progressing": "#0369a1",
    "Suspended": "#5b5580",
    "OutOfSync": "#b45309",
    "Missing": "#a16207",
    "Degraded": "#b91c1c",
}
OTHER_COLOR = "#731f4d"
TITLE_COLOR = "#29343d"
HEADERS = {"cache-control": "private, no-store", "access-control-allow-origin": "*"}
ROW, LETTER, MARGIN = 20, 6.5, 8
SHORT = 7
_PROJECT = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9.]{0,251}[A-Za-z0-9])?")


class Wish(Query, frozen=True):
    """Which badge; `width` 0: as wide as its texts."""

    name: str = ""
    namespace: str = ""
    project: tuple[str, ...] = ()
    revision: bool = False
    keep_full_revision: bool = False
    show_app_name: bool = False
    width: Annotated[int, Meta(ge=0, le=2000)] = 0


class Badge(Struct, frozen=True, kw_only=True):
    """What a badge says; "" is not drawn."""

    health: str = "Unknown"
    sync: str = "Unknown"
    revision: str = ""
    title: str = ""


NOT_FOUND = Badge(health="Not Found", sync="")


async def show(call: Call[Wish, None]) -> Raw:
    """The picture. Raises Failure (400) for a name that cannot be."""
    wish = call.query
    for name in (wish.name, wish.namespace):
        if name and not POSSIBLE_NAME.fullmatch(name):
            raise bad_request("that is no name of an application or a namespace")
    if not all(_PROJECT.fullmatch(project) for project in wish.project):
        raise bad_request("that is no name of a project")
    picture = draw(_badge(call.served, wish), width=wish.width)
    return Raw(body=picture.encode(), content_type="image/svg+xml", headers=HEADERS)


def _badge(served: Served, wish: Wish) -> Badge:
    if served.configuration.config_map(ARGOCD_CM).get("statusbadge.enabled") != "true":
        return Badge()
    namespace = wish.namespace or served.namespace
    if not served.applications.follows(namespace):
        return NOT_FOUND
    if wish.name:
        found = served.applications.get(AppKey(namespace, wish.name))
        return of_application(found, wish) if found else NOT_FOUND
    return of_projects(app for app in served.applications.catalogue if app.project in wish.project)


def of_application(app: Stored, wish: Wish) -> Badge:
    """How it is, and what was synced last."""
    revision = _synced(app.body) if wish.revision else ""
    return Badge(
        health=app.header.health or "Unknown",
        sync=app.header.sync or "Unknown",
        revision=revision if wish.keep_full_revision else revision[:SHORT],
        title=app.name if wish.show_app_name else "",
    )


def of_projects(apps: Iterable[Stored]) -> Badge:
    """All are healthy and in sync, or some are not; Unknown of none at all."""
    headers = [app.header for app in apps]
    if not headers:
        return Badge()
    return Badge(
        health="Healthy" if all(one.health == "Healthy" for one in headers) else "Degraded",
        sync="Synced" if all(one.sync == "Synced" for one in headers) else "OutOfSync",
    )


class _Result(Struct, frozen=True):
    revision: str = ""
    revisions: tuple[str, ...] | None = None


class _State(Struct, frozen=True, rename="camel"):
    sync_result: _Result | None = None


class _Status(Struct, frozen=True, rename="camel"):
    operation_state: _State | None = None


class _Application(Struct, frozen=True):
    status: _Status = _Status()


def _synced(body: bytes) -> str:
    try:
        state = msgspec.json.decode(body, type=_Application).status.operation_state
    except msgspec.DecodeError:
        return ""
    result = state.sync_result if state else None
    return (result.revisions[0] if result.revisions else result.revision) if result else ""


def draw(badge: Badge, *, width: int = 0) -> str:
    """As SVG: health, sync and revision beside each other, under the title. Texts are squeezed rather than cut."""
    boxes = [(text, COLORS.get(color, OTHER_COLOR)) for text, color in _texts(badge)]
    widths = [_width(text) for text, _ in boxes]
    wanted = max(width, _width(badge.title) if badge.title else 0)
    widths[-1] += max(0, wanted - sum(widths))
    top = ROW if badge.title else 0
    parts = [_box(badge.title, TITLE_COLOR, left=0, top=0, width=sum(widths))] if badge.title else []
    for number, (text, color) in enumerate(boxes):
        parts.append(_box(text, color, left=sum(widths[:number]), top=top, width=widths[number]))
    said = _clean(" ".join(part for part in (badge.title, *(text for text, _ in boxes)) if part))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sum(widths)}" height="{top + ROW}" role="img" '
        f'aria-label="{said}"><title>{said}</title>'
        '<clipPath id="c"><rect width="100%" height="100%" rx="3"/></clipPath>'
        f'<g clip-path="url(#c)" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{"".join(parts)}</g></svg>'
    )


def _texts(badge: Badge) -> Iterator[tuple[str, str]]:
    """(text, the status whose color it has)"""
    yield badge.health, badge.health
    if badge.sync:
        yield badge.sync, badge.sync
    if badge.revision:
        yield f"({badge.revision})", badge.sync


def _width(text: str) -> int:
    return round(len(text) * LETTER) + 2 * MARGIN


def _box(text: str, color: str, *, left: int, top: int, width: int) -> str:
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{ROW}" fill="{color}"/>'
        f'<text x="{left + width / 2:g}" y="{top + 14}" fill="#fff" text-anchor="middle" '
        f'textLength="{_width(text) - 2 * MARGIN}" lengthAdjust="spacingAndGlyphs">{_clean(text)}</text>'
    )


def _clean(text: str) -> str:
    """Fit for XML, which has no control characters."""
    return escape("".join(letter if letter.isprintable() else "?" for letter in text))


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/badge",
        id="Trimtab_Badge",
        handler=show,
        needs="public",
        query=Wish,
        body=type(None),
        reply=None,
        summary="How an application, or all of a project, is: a picture",
    ),
)
