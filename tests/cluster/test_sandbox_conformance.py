"""The sandbox answers as the real API server does: the same requests to both, equal answers.

Left out of the comparison is what must differ: uids, times, versions, allocated addresses and ports; and what the real
controllers add meanwhile (the sandbox runs without its own here).
"""

import json
import random
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.controlplane.run import ControlPlane
from trimtab.sandbox import Settings, sandbox_thread
from trimtab.sandbox.columns import COLUMNS

CASES = Path(__file__).parent.parent / "cases" / "sandbox"
TYPES = {
    "apply": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
DIFFERENT = {
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "time",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "deployment.kubernetes.io/revision",
}
CONTROLLERS = {"kube-controller-manager", "kwok", "kube-scheduler", "kube-apiserver"}
CONTROLLED = {
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Job",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "Service",
    "StatefulSet",
}
"""Kinds whose status is a matter of controllers, not of the API server."""

Answer = tuple[int, Any, tuple[str, ...]]


class Server:
    """An API server, seen as a plain HTTP client sees it."""

    def __init__(self, url: str, *, token: str = "", authority: str | None = None) -> None:
        self._url = url
        self._token = token
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if authority:
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=authority)))
        self._opener = urllib.request.build_opener(*handlers)

    def table(self, path: str) -> Any:
        return self.send("GET", path, accept="application/json;as=Table;v=v1;g=meta.k8s.io")[1]

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        kind: str = "application/json",
        *,
        accept: str = "application/json",
    ) -> Answer:
        headers = {"Accept": accept, "Content-Type": kind, "Authorization": f"Bearer {self._token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data=data, headers=headers, method=method)
        try:
            answer = self._opener.open(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read().decode()
            warnings = tuple(answer.headers.get_all("Warning") or ())
            return answer.status, json.loads(text) if text.startswith("{") else text, warnings


@pytest.fixture(scope="module")
def real(control_plane: ControlPlane) -> Server:
    authority = (control_plane.layout.folder / "ca.crt").read_text()
    return Server(control_plane.server, token=control_plane.token("admin"), authority=authority)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Server]:
    with sandbox_thread(settings=Settings(controllers=False)) as running:
        yield Server(running.url)


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_answers_are_equal(case: Path, real: Server, sandbox: Server, namespace: str) -> None:
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    assert sandbox.send("POST", "/api/v1/namespaces", made)[0] == 201
    for number, step in enumerate(yaml.safe_load(case.read_text().replace("NS", namespace))):
        method, path = step["do"].split(" ", 1)
        kind = TYPES.get(step.get("type", ""), "application/json")
        answers = [comparable(server.send(method, path, step.get("body"), kind)) for server in (sandbox, real)]
        assert answers[0] == answers[1], f"step {number}: {step['do']}"
        if step["do"].endswith("customresourcedefinitions?fieldManager=one"):
            _await_kind(real, step["body"])


def _groups(server: Server) -> list[str]:
    listed = server.send("GET", "/apis")[1]["groups"]
    return ["/api/v1", *(f"/apis/{version['groupVersion']}" for group in listed for version in group["versions"])]


def test_what_is_discovered_is_the_same(real: Server, sandbox: Server) -> None:
    """The sandbox serves less; what it serves it describes as the real server does."""
    for path in _groups(sandbox):
        theirs = {entry["name"]: entry for entry in real.send("GET", path)[1]["resources"]}
        for entry in sandbox.send("GET", path)[1]["resources"]:
            expected = {key: value for key, value in theirs[entry["name"]].items() if key != "storageVersionHash"}
            assert entry | {"verbs": sorted(entry["verbs"])} == expected | {"verbs": sorted(expected["verbs"])}, path


def test_tables_have_the_same_columns(real: Server, sandbox: Server) -> None:
    """Of every kind that the sandbox has columns of its own for."""
    for group in _groups(sandbox):
        for entry in sandbox.send("GET", group)[1]["resources"]:
            name = ".".join(filter(None, (entry["name"], group.split("/")[2] if group.startswith("/apis") else "")))
            if name in COLUMNS:
                tables = [server.table(f"{group}/{entry['name']}") for server in (sandbox, real)]
                assert _columns(tables[0]) == _columns(tables[1]), name


def _columns(table: Any) -> list[tuple[Any, ...]]:
    names = ("name", "type", "format", "priority")
    return [tuple(column[name] for name in names) for column in table["columnDefinitions"]]


def test_appliers_who_meet_by_chance_get_equal_answers(real: Server, sandbox: Server, namespace: str) -> None:
    """Three appliers and one editor, sixty configurations drawn from few values, so that they collide often."""
    case = yaml.safe_load((CASES / "custom.yaml").read_text().replace("NS", namespace))
    for server in (sandbox, real):
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        server.send("POST", "/api/v1/namespaces", made)
        server.send("POST", case[0]["do"].split(" ")[1], case[0]["body"])
        _await_kind(server, case[0]["body"])
    chance = random.Random(4)
    path = f"/apis/{namespace}.example.org/v1/namespaces/{namespace}/boats/b"
    for number in range(60):
        manager = "base" if number == 0 else chance.choice(["one", "two", "three", "editor"])
        spec = BASE if number == 0 else _a_spec(chance)
        body: dict[str, Any] = {
            "apiVersion": f"{namespace}.example.org/v1",
            "kind": "Boat",
            "metadata": {"name": "b"},
            "spec": spec,
        }
        query = f"?fieldManager={manager}&force={'true' if chance.random() < 0.6 else 'false'}"
        kind = "apply"
        if manager == "editor":
            kind, query, body = "merge", "?fieldManager=editor", {"spec": {"sails": chance.randint(1, 3)}}
        answers = [comparable(server.send("PATCH", path + query, body, TYPES[kind])) for server in (sandbox, real)]
        assert answers[0] == answers[1], f"step {number}: {manager} {spec}"


BASE = {
    "name": "base",
    "tags": ["base"],
    "parts": [{"kind": "base", "side": "x", "size": 1, "notes": ["base"]}],
    "labels": {"base": "base"},
    "free": {"base": {"x": 1}},
}
"""Always there: the real server makes null of a map that loses its last field, and then refuses that."""


def _a_spec(chance: random.Random) -> dict[str, Any]:
    def some(values: list[Any]) -> list[Any]:
        return chance.sample(values, chance.randint(0, len(values)))

    def a_part(kind: str) -> dict[str, Any]:
        part = {"kind": kind, "size": chance.randint(1, 2), "notes": some(["x", "y"])}
        return {name: part[name] for name in ("kind", *some(["size", "notes"]))}

    spec = {
        "tags": some(["a", "b", "c", "base"]),
        "parts": [a_part(kind) for kind in some(["mast", "oar", "hull"])],
        "labels": {name: chance.choice("12") for name in some(["a", "b"])},
        "free": {name: {"y": chance.choice([1, [2], {"z": 3}])} for name in some(["a", "b"])},
        "whole": {name: chance.randint(1, 2) for name in some(["a", "b"])},
        "plain": [{"a": chance.randint(1, 2)}],
        "sails": chance.randint(1, 3),
    }
    return {name: value for name in some(list(spec)) if (value := spec[name])}


def _await_kind(server: Server, crd: dict[str, Any]) -> None:
    """A new kind is served by the real API server some moments after its definition."""
    spec = crd["spec"]
    path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
    deadline = time.monotonic() + 20
    while server.send("GET", path)[0] != 200:
        assert time.monotonic() < deadline, path
        time.sleep(0.05)
    time.sleep(0.5)  # the listing is there before every handler is


def comparable(answer: Answer) -> Any:
    status, body, warnings = answer
    if isinstance(body, dict) and body.get("kind") in CONTROLLED:
        body = {name: value for name, value in body.items() if name != "status"}
    return status, _comparable(body), warnings


def _comparable(value: Any) -> Any:
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return _comparable_map({name: _comparable(child) for name, child in value.items() if name not in DIFFERENT})
    return _without_identity(value) if isinstance(value, str) else value


def _comparable_map(value: dict[str, Any]) -> dict[str, Any]:
    if not value.get("annotations", True):
        del value["annotations"]
    if "managedFields" in value:
        kept = [entry for entry in value["managedFields"] if entry["manager"] not in CONTROLLERS]
        value["managedFields"] = sorted(kept, key=lambda e: (e["manager"], e["operation"], e.get("subresource", "")))
    if "causes" in value:
        value["causes"] = sorted(value["causes"], key=str)
    if value.get("clusterIP", "None") != "None":
        value |= {"clusterIP": "an address", "clusterIPs": ["an address"]}
    if "nodePort" in value and not isinstance(value["nodePort"], dict):
        value["nodePort"] = "a port"
    return value


def _without_identity(text: str) -> str:
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID", text)
    text = re.sub(r"(for bound claims).*", r"\1", text, flags=re.DOTALL)  # a diff of Go structs
    text = re.sub(r'(resourceVersion\\*":\\*")\d+', r"\1VERSION", text)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
