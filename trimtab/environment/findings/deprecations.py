"""Versions of Kubernetes' API that end: what Git declares in one, and what anybody asks the API server for in one."""

import re
from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from trimtab.environment.findings.finding import Finding
from trimtab.environment.lifecycles import LIFECYCLES

CHECK = "deprecations"
METRIC = "apiserver_requested_deprecated_apis"
_SERIES = re.compile(rf"^{METRIC}\{{(?P<labels>[^}}]*)\}} (?P<value>\S+)", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_KNOWN = {(row[0], row[1]): row[2:] for row in LIFECYCLES}
MOST_NAMED = 3


class Declared(Struct, frozen=True, order=True, kw_only=True):
    """An object as Git declares it. `origin`: the application."""

    api_version: str
    kind: str
    name: str
    origin: str


def judge_declared(objects: Iterable[Declared], *, minor: int) -> list[Finding]:
    """`minor`: of the API server, which is going to be the next one."""
    by_kind: dict[tuple[str, str], list[Declared]] = defaultdict(list)
    count = 0
    for one in objects:
        by_kind[one.api_version, one.kind].append(one)
        count += 1
    found = [_declared(kind, ones, minor) for kind, ones in sorted(by_kind.items()) if kind in _KNOWN]
    troubles = [one for one in found if one is not None]
    if troubles:
        return troubles
    message = f"none of {count} objects that Git declares is of a version that is deprecated in 1.{minor + 1}"
    return [Finding(check=CHECK, subject="Git", level="ok", message=message)]


def judge_requested(metrics: str, *, minor: int) -> list[Finding]:
    """`metrics`: of the API server, in the text format of Prometheus."""
    found = []
    for series in _SERIES.finditer(metrics):
        labels = dict(_LABEL.findall(series["labels"]))
        ends = labels.get("removed_release", "")
        if float(series["value"]) <= 0 or not _minor(ends) or _minor(ends) > minor + 1:
            continue
        asked = "/".join(filter(None, [labels.get("group"), labels.get("version"), labels.get("resource")]))
        message = f"something asks the API server for {asked}, which ends in {ends}"
        fix = 'find who: its audit log has the annotation "k8s.io/deprecated": "true" on such requests'
        found.append(Finding(check=CHECK, subject=f"requests {asked}", level="warning", message=message, fix=fix))
    ok = Finding(
        check=CHECK, subject="requests", level="ok", message=f"nobody asks for a version that ends in 1.{minor + 1}"
    )
    return found or [ok]


def _declared(kind: tuple[str, str], ones: list[Declared], minor: int) -> Finding | None:
    deprecated, removed, replacement = _KNOWN[kind]
    ends = 0 < removed <= minor + 1
    if not ends and not 0 < deprecated <= minor + 1:
        return None
    names = ", ".join(f"{one.name} of {one.origin}" for one in sorted(ones)[:MOST_NAMED])
    more = f" and {len(ones) - MOST_NAMED} more" if len(ones) > MOST_NAMED else ""
    when = f"ends in 1.{removed}" if removed else f"is deprecated since 1.{deprecated}"
    if not ends and removed:
        when = f"is deprecated in 1.{deprecated} and ends in 1.{removed}"
    return Finding(
        check=CHECK,
        subject=f"{kind[0]} {kind[1]}",
        level="error" if ends else "warning",
        message=f"Git declares {names}{more} in a version that {when}",
        fix=f"write it as {replacement}" if replacement else f"write it in a version that 1.{minor + 1} serves",
    )


def _minor(release: str) -> int:
    """1.25 → 25; 0 for what is no release."""
    found = re.fullmatch(r"1\.(\d+)", release)
    return int(found[1]) if found else 0
