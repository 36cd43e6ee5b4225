"""Label and field selectors: parsed once a request, then asked for each object."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from trimtab.model.keys import Manifest
from trimtab.sandbox.faults import Fault, bad_request

Test = Callable[[Manifest], bool]

_SET = re.compile(r"^\s*(?P<key>\S+)\s+(?P<op>in|notin)\s*\((?P<values>[^)]*)\)\s*$")
_COMPARISON = re.compile(r"^\s*(?P<key>[^=!<>\s]+)\s*(?P<op>==|=|!=|>|<)\s*(?P<value>[^=!<>]*?)\s*$")

FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "replicationcontrollers": ("status.replicas",),
    "replicasets.apps": ("status.replicas",),
    "jobs.batch": ("status.successful",),
    "certificatesigningrequests.certificates.k8s.io": ("spec.signerName",),
}


def label_test(selector: str) -> Test | None:
    """A test for `a=b,c!=d,e in (f,g),h,!i`; None when everything matches. Raises Fault."""
    requirements = [_requirement(part) for part in _split(selector) if part.strip()]
    if not requirements:
        return None

    def test(manifest: Manifest) -> bool:
        labels = (manifest.get("metadata") or {}).get("labels") or {}
        return all(requirement(labels) for requirement in requirements)

    return test


def _split(selector: str) -> Iterable[str]:
    """At commas outside of parentheses."""
    return re.split(r",(?![^(]*\))", selector) if selector else ()


def _requirement(text: str) -> Callable[[dict[str, str]], bool]:
    if match := _SET.match(text):
        key, values = match["key"], {value.strip() for value in match["values"].split(",")}
        if match["op"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if match := _COMPARISON.match(text):
        return _comparison(match["key"], match["op"], match["value"])
    key = text.strip()
    if len(words := key.split()) > 1:
        raise bad_request(f"unable to parse requirement: found '{words[1]}', expected: in, notin, =, ==, !=, gt, lt")
    if not re.fullmatch(r"!?\s*[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?", key):
        raise bad_request(f"unable to parse requirement: found {key!r}, expected a label selector")
    if key.startswith("!"):
        key = key[1:].strip()
        return lambda labels: key not in labels
    return lambda labels: key in labels


def _comparison(key: str, operator: str, value: str) -> Callable[[dict[str, str]], bool]:
    if operator == "!=":
        return lambda labels: labels.get(key) != value
    if operator in ("<", ">"):
        if not value.lstrip("-").isdecimal():
            raise bad_request(f"values[0][{key}]: Invalid value: {value!r}: for 'Gt', 'Lt' operators, an integer")
        limit = int(value)
        below = operator == "<"
        return lambda labels: _integer(labels.get(key), limit=limit, below=below)
    return lambda labels: labels.get(key) == value


def _integer(text: str | None, *, limit: int, below: bool) -> bool:
    if text is None or not text.lstrip("-").isdecimal():
        return False
    return int(text) < limit if below else int(text) > limit


def field_test(selector: str, resource: str, selectable: tuple[str, ...] = ()) -> Test | None:
    """A test for `metadata.name=x,status.phase!=Running`. `resource` is the qualified plural. Raises Fault."""
    allowed = ("metadata.name", "metadata.namespace", *FIELDS.get(resource, ()), *selectable)
    tests = []
    for part in selector.split(",") if selector else ():
        match = _COMPARISON.match(part)
        if not match or match["op"] in "<>":
            raise bad_request(f"invalid field selector: {part!r}")
        if match["key"] not in allowed:
            raise _unsupported(match["key"], resource, known=len(allowed) > 2)
        tests.append((match["key"].split("."), match["value"].replace("\\", ""), match["op"] == "!="))
    if not tests:
        return None
    return lambda manifest: all((_text(at(manifest, path)) == value) != negate for path, value, negate in tests)


def _unsupported(key: str, resource: str, *, known: bool) -> Fault:
    if known or "." in resource:
        return bad_request(f"field label not supported: {key}")
    names = '"metadata.name", "metadata.namespace"'
    return bad_request(f'"{key}" is not a known field selector: only {names}')


def at(manifest: Any, path: list[str]) -> Any:
    """The value at a path of field names; None where there is none."""
    node = manifest
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):  # Event.source is compared by its component
        return str(value.get("component", ""))
    return "" if value is None else str(value)


def matches_labels(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """A LabelSelector object (`matchLabels`, `matchExpressions`) against labels; an empty one matches all."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(expression, labels) for expression in selector.get("matchExpressions") or ())


def _expression(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
