"""Paths to operations: literals before parameters, percent-encoded slashes inside of parameters, hostile paths."""

import pytest

from trimtab.server.call import Call
from trimtab.server.failures import Failure
from trimtab.server.operation import AnyOperation, Method, NoQuery, Operation
from trimtab.server.reply import Json
from trimtab.server.router import Router


async def nothing(call: Call[NoQuery, None]) -> Json:
    return Json(value=None)


def an_operation(path: str, method: Method = "GET", called: str = "") -> AnyOperation:
    return Operation(
        method=method,
        path=path,
        id=called or f"{method} {path}",
        handler=nothing,
        needs="public",
        query=NoQuery,
        body=type(None),
        reply=None,
        summary="",
    )


ROUTER = Router(
    [
        an_operation("/api/v1/applications/{name}"),
        an_operation("/api/v1/applications/{name}", "DELETE"),
        an_operation("/api/v1/applications/{appName}/server-side-diff"),
        an_operation("/api/v1/applications/manifestsWithFiles", "POST"),
        an_operation("/api/v1/repositories/{repo}/refs"),
        an_operation("/"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "called", "params"),
    [
        ("GET", b"/api/v1/applications/shop", "GET /api/v1/applications/{name}", {"name": "shop"}),
        ("HEAD", b"/api/v1/applications/shop", "GET /api/v1/applications/{name}", {"name": "shop"}),
        ("GET", b"/api/v1/applications/a%2Fb", "GET /api/v1/applications/{name}", {"name": "a/b"}),
        (
            "GET",
            b"/api/v1/applications/x/server-side-diff",
            "GET /api/v1/applications/{appName}/server-side-diff",
            {"appName": "x"},
        ),
        ("POST", b"/api/v1/applications/manifestsWithFiles", "POST /api/v1/applications/manifestsWithFiles", {}),
        (
            "GET",
            b"/api/v1/repositories/https%3A%2F%2Fgit.example%2Fa.git/refs",
            "GET /api/v1/repositories/{repo}/refs",
            {"repo": "https://git.example/a.git"},
        ),
        ("GET", b"/", "GET /", {}),
        ("GET", b"/api/v1/applications/%C3%A9", "GET /api/v1/applications/{name}", {"name": "é"}),
    ],
)
def test_found(method: str, path: bytes, called: str, params: dict[str, str]) -> None:
    match = ROUTER.find(method, path)
    assert (match.operation.id, match.params) == (called, params)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", b"/api/v1", 404),
        ("GET", b"/api/v1/applications/", 404),
        ("GET", b"/api/v1/applications//server-side-diff", 404),
        ("GET", b"/api/v1/applications/a/b/c", 404),
        ("POST", b"/api/v1/applications/shop", 405),
        ("GET", b"/api/v1/applications/manifestsWithFiles/refs", 404),
        ("GET", b"/api/v1/applications/%ff", 400),
        ("GET", b"/api/v1/applications/a%00b", 400),
        ("GET", b"/api/v1/applications/a%0d%0ab", 400),
        ("GET", b"/" + b"a" * 10_000, 400),
    ],
)
def test_refused(method: str, path: bytes, status: int) -> None:
    with pytest.raises(Failure) as caught:
        ROUTER.find(method, path)
    assert caught.value.status == status


def test_the_other_methods_are_named() -> None:
    with pytest.raises(Failure) as caught:
        ROUTER.find("PATCH", b"/api/v1/applications/shop")
    assert caught.value.headers == {"allow": "DELETE, GET"}


def test_two_operations_on_one_path_are_a_mistake_in_the_table() -> None:
    with pytest.raises(ValueError, match="is both one and two"):
        Router([an_operation("/x/{a}", called="one"), an_operation("/x/{b}", called="two")])
