"""Objects as callers name them: what can be no name never reaches a path or a policy."""

import re

from trimtab.model.keys import ObjectKey
from trimtab.server.failures import bad_request
from trimtab.server.operation import Query

GROUP = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?")
VERSION = re.compile(r"([a-z][a-z0-9]{0,62})?")
KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
NAMESPACE = re.compile(r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?")
NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9._:]{0,251}[A-Za-z0-9])?")
"""RBAC's names hold colons and capitals; what Kubernetes takes beyond that cannot be named here."""


class InApplication(Query, frozen=True):
    """Which application it is about, beyond its name."""

    app_namespace: str = ""
    project: str = ""


class ObjectQuery(InApplication, frozen=True):
    """One live object. `version` may be left out: the cluster's preferred one is meant."""

    namespace: str = ""
    resource_name: str = ""
    version: str = ""
    group: str = ""
    kind: str = ""


def key_named(query: ObjectQuery) -> ObjectKey:
    """Raises Failure (400)."""
    check(NAMESPACE, query.namespace, "namespace")
    check(NAME, query.resource_name, "resourceName")
    check(GROUP, query.group, "group")
    check(VERSION, query.version, "version")
    check(KIND, query.kind, "kind")
    return ObjectKey(query.group, query.kind, query.namespace, query.resource_name)


def check(pattern: re.Pattern[str], text: str, what: str) -> str:
    """Raises Failure (400)."""
    if not text and not pattern.fullmatch(""):
        raise bad_request(f"{what} is missing")
    if not pattern.fullmatch(text):
        raise bad_request(f"{what}: {text[:80]!r} is no such name")
    return text
