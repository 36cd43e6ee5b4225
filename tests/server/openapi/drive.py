"""`python -m tests.server.openapi.drive` drives a server by schemathesis, as told on stdin; what it finds is a list of
texts on stdout. A process of its own: hypothesis seeds Python's random numbers, on which the server relies.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from msgspec import Struct
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.result import Err, Result
from schemathesis.schemas import APIOperation

from tests.server.conforming import conforming
from trimtab.server.openapi import document
from trimtab.server.operations import OPERATIONS

PATIENCE = 15.0
FEW = 2
ORDER = ("get", "post", "put", "patch", "delete")
"""What deletes comes last."""
HONEST = {501, 503}
"""Statuses that say what is missing, or that something else does not answer."""
NOBODY = {"SessionService_Delete", "Trimtab_Logout", "AccountService_UpdatePassword"}
"""Called by nobody: they would end the session that the others need."""

Schema = dict[str, Any]
AnOperation = APIOperation[Any, Any, Any, Any]


class Order(Struct, frozen=True):
    """`values`: of path parameters that exist. `examples`: how many, for each operation; FEW after `seconds`."""

    url: str
    token: str
    values: dict[str, str]
    seed: int
    examples: int
    seconds: float


class Found(Struct, frozen=True):
    """`slowest`: seconds by operation."""

    problems: list[str]
    statuses: dict[int, int]
    slowest: dict[str, float]


class Caller:
    """Sends what is drawn, and holds the replies to the document."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._session = requests.Session()
        self._checks = CHECKS.get_by_names(
            ["response_schema_conformance", "content_type_conformance", "status_code_conformance"]
        )
        self.statuses: dict[int, int] = {}

    def call(self, case: Any) -> None:
        operation = case.operation
        mine = operation.definition.raw["operationId"] not in NOBODY
        headers = {"authorization": f"Bearer {self._order.token}"} if mine else {}
        response = case.call(
            base_url=self._order.url, session=self._session, headers=headers, timeout=PATIENCE, allow_redirects=False
        )
        status = response.status_code
        self.statuses[status] = self.statuses.get(status, 0) + 1
        said = f"{status} {response.content[:500]!r}\n{case.as_curl_command()}"
        assert status < 500 or status in HONEST, said
        if not 300 <= status < 400:
            case.validate_response(response, checks=self._checks)
        conforming().check(
            operation.method.upper(),
            response.request.url.removeprefix(self._order.url),
            status=status,
            content_type=response.headers.get("content-type", [""])[0],
            body=response.content,
        )


def operations(described: Schema) -> Iterator[AnOperation]:
    """All but streams, which do not end."""
    found = [_sound(one) for one in schemathesis.openapi.from_dict(without_dots(described)).get_all_operations()]
    for operation in sorted(found, key=lambda one: ORDER.index(one.method)):
        if not operation.definition.raw.get("x-streams"):
            yield operation


def _sound(result: Result[AnOperation, InvalidSchema]) -> AnOperation:
    if isinstance(result, Err):
        raise result.err()
    return result.ok()


def without_dots(described: Schema) -> Schema:
    """The document with path parameters whose names Python's `format` takes: it is what fills them in."""
    paths: Schema = {}
    for path, methods in described["paths"].items():
        renamed, text = path, json.dumps(methods)
        for name in re.findall(r"\{([^}]*\.[^}]*)\}", path):
            plain = name.replace(".", "_")
            renamed, text = renamed.replace(name, plain), text.replace(json.dumps(name), json.dumps(plain))
        paths[renamed] = json.loads(text)
    return {**described, "paths": paths}


def drive(caller: Caller, operation: AnOperation, order: Order, *, examples: int) -> None:
    """Examples of what is allowed, and of what is not, with names that exist and others."""
    drawn = [operation.as_strategy(mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]
    if named := {one.name: order.values[one.name] for one in operation.path_parameters if one.name in order.values}:
        drawn.append(operation.as_strategy(path_parameters=named))

    @seed(order.seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(drawn))
    def send(case: Any) -> None:
        caller.call(case)

    send()


def find(order: Order) -> Found:
    caller = Caller(order)
    problems: list[str] = []
    took: dict[str, float] = {}
    until = time.perf_counter() + order.seconds
    for operation in operations(document(OPERATIONS)):
        began = time.perf_counter()
        try:
            drive(caller, operation, order, examples=order.examples if began < until else FEW)
        except (Exception, BaseExceptionGroup) as error:
            problems.append(f"{operation.label}: {error}"[:3000])
        took[operation.label] = time.perf_counter() - began
    slowest = dict(sorted(took.items(), key=lambda one: -one[1])[:5])
    return Found(problems, caller.statuses, slowest)


if __name__ == "__main__":
    load_all_checks()
    sys.stdout.buffer.write(msgspec.json.encode(find(msgspec.json.decode(sys.stdin.buffer.read(), type=Order))))
