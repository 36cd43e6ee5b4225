"""What a request asks for: the path taken apart, the query read, the form of the answer."""

from typing import Literal, cast

from aiohttp import web
from msgspec import Struct

from trimtab.sandbox import faults
from trimtab.sandbox.decoding import Validation
from trimtab.sandbox.reading import Query
from trimtab.sandbox.writing import Options

Form = Literal["whole", "table", "partial"]


class Path(Struct, frozen=True):
    """A path below `/api/v1` or `/apis/GROUP/VERSION`; parts that it does not have are ""."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def parse_path(path: str) -> Path | None:
    """None for what is not a resource's path."""
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and not (len(rest) == 3 and rest[2] in ("status", "finalize")):
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3:
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    return Path(group, version, rest[0], namespace, name, subresource)


def form_of(accept: str) -> Form:
    """The first form in `Accept` that the sandbox knows. Raises Fault: 406."""
    for entry in accept.split(",") if accept else ("*/*",):
        media, _, parameters = entry.strip().partition(";")
        if media not in ("application/json", "*/*", "application/*", "application/yaml"):
            continue
        if "as=Table" in parameters:
            return "table"
        return "partial" if "as=PartialObjectMetadata" in parameters else "whole"
    raise faults.not_acceptable()


def query_of(request: web.BaseRequest, path: Path) -> Query:
    """Raises Fault where a number is none."""
    given = request.query
    return Query(
        namespace=path.namespace,
        name=path.name,
        labels=given.get("labelSelector", ""),
        fields=given.get("fieldSelector", ""),
        limit=_number(given.get("limit", "0"), "limit"),
        continue_=given.get("continue", ""),
        resource_version=given.get("resourceVersion", ""),
        bookmarks=is_true(given.get("allowWatchBookmarks")),
        initial_events=is_true(given.get("sendInitialEvents")),
        timeout=float(_number(given.get("timeoutSeconds", "0"), "timeoutSeconds")),
    )


def is_true(text: str | None) -> bool:
    return text in ("true", "1", "True")


def _number(text: str, name: str) -> int:
    if not text.isdecimal():
        raise faults.bad_request(f"{name}: Invalid value: {text!r}: must be an integer")
    return int(text)


def options_of(request: web.BaseRequest, path: Path) -> Options:
    given = request.query
    level = given.get("fieldValidation") or "Warn"
    if level not in ("Ignore", "Warn", "Strict"):
        raise faults.bad_request(
            f'fieldValidation: Unsupported value: "{level}": supported values: Ignore, Strict, Warn'
        )
    return Options(
        manager=given.get("fieldManager") or _agent(request.headers.get("User-Agent", "")),
        dry_run=is_dry_run(given.get("dryRun")),
        validation=cast(Validation, level),
        force=is_true(given.get("force")),
        subresource=path.subresource,
    )


def is_dry_run(text: str | None) -> bool:
    if text not in (None, "", "All"):
        raise faults.bad_request(f'dryRun: Unsupported value: "{text}": supported values: "All"')
    return text == "All"


def _agent(user_agent: str) -> str:
    """The manager of a writer that does not name itself: its program."""
    return user_agent.partition("/")[0] or "unknown"
