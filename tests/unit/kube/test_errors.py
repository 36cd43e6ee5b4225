"""Which error a refusal becomes, and what it says."""

import orjson
import pytest

from trimtab.errors import Retry, Stalled
from trimtab.kube import errors
from trimtab.kube.errors import ApiError, from_reply

MANAGER = {
    "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".spec.replicas"}]
}
TERMINATING = {"causes": [{"reason": "NamespaceTerminating", "message": "namespace shop is being terminated"}]}


@pytest.mark.parametrize(
    "code, reason, details, expected",
    [
        (400, "BadRequest", {}, errors.BadRequest),
        (401, "Unauthorized", {}, errors.Unauthorized),
        (403, "Forbidden", {}, errors.Forbidden),
        (403, "Forbidden", TERMINATING, errors.BeingDeleted),
        (404, "NotFound", {}, errors.NotFound),
        (405, "MethodNotAllowed", {}, errors.Unsupported),
        (409, "AlreadyExists", {}, errors.AlreadyExists),
        (409, "Conflict", {}, errors.StaleConflict),
        (409, "Conflict", MANAGER, errors.FieldConflict),
        (410, "Expired", {}, errors.Gone),
        (413, "RequestEntityTooLarge", {}, errors.BadRequest),
        (415, "UnsupportedMediaType", {}, errors.Unsupported),
        (422, "Invalid", {}, errors.Invalid),
        (429, "TooManyRequests", {}, errors.TooManyRequests),
        (500, "InternalError", {}, errors.ServerError),
        (503, "ServiceUnavailable", {}, errors.ServerError),
        (504, "Timeout", {}, errors.ServerError),
    ],
)
def test_each_refusal_has_its_error(code: int, reason: str, details: object, expected: type[ApiError]) -> None:
    body = orjson.dumps({"kind": "Status", "code": code, "reason": reason, "message": "no", "details": details})
    error = from_reply(code, body, doing="apply ConfigMap shop/a")
    assert type(error) is expected
    assert (error.status, error.reason) == (code, reason)
    assert isinstance(error, Retry) != isinstance(error, Stalled)


def test_an_api_server_that_has_not_read_its_roles_refuses_nobody_for_good() -> None:
    who = 'configmaps "a" is forbidden: User "system:serviceaccount:argocd:trimtab" cannot get resource "configmaps"'
    roles = 'clusterrole.rbac.authorization.k8s.io "system:discovery" not found'
    body = orjson.dumps({"reason": "Forbidden", "message": f"{who}: RBAC: [{roles}]"})
    assert isinstance(from_reply(403, body, doing="get ConfigMap shop/a"), errors.Starting)
    missing = orjson.dumps(
        {"reason": "Forbidden", "message": f"{who}: RBAC: {roles.replace('system:discovery', 'ours')}"}
    )
    assert isinstance(from_reply(403, missing, doing="get ConfigMap shop/a"), errors.Forbidden)


def test_an_object_that_is_going_is_not_one_that_exists() -> None:
    body = b'{"reason":"AlreadyExists","message":"object is being deleted: pods \\"a\\" already exists"}'
    assert isinstance(from_reply(409, body, doing="create Pod shop/a"), errors.BeingDeleted)


def test_server_side_apply_of_what_does_not_fit_the_schema_is_no_fault_of_the_server() -> None:
    message = "failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): .spec.no: field not declared"
    error = from_reply(500, orjson.dumps({"code": 500, "message": message}), doing="apply apps/Deployment shop/web")
    assert isinstance(error, errors.Invalid)


def test_the_message_names_verb_and_object_on_one_line_with_the_causes() -> None:
    status = {
        "reason": "Invalid",
        "message": 'Service "web" is invalid',
        "details": {"causes": [{"field": "spec.ports", "message": "Required\n value"}]},
    }
    error = from_reply(422, orjson.dumps(status), doing="apply Service shop/web")
    expected = 'apply Service shop/web: Service "web" is invalid; spec.ports: Required value (HTTP 422)'
    assert error.message == expected
    assert error.details.causes[0].field == "spec.ports"


def test_causes_that_the_message_holds_are_not_said_twice() -> None:
    status = {"message": "spec.ports: Required value", "details": {"causes": [{"message": "Required value"}]}}
    assert from_reply(422, orjson.dumps(status), doing="x").message == "x: spec.ports: Required value (HTTP 422)"


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"\xff\xfe", b"[]", b'{"code":"x"}', b"null"])
def test_a_body_that_is_no_status_is_no_obstacle(body: bytes) -> None:
    error = from_reply(502, body, doing="get Pod shop/a")
    assert isinstance(error, errors.ServerError)
    assert error.message.startswith("get Pod shop/a: ")


def test_the_server_may_say_when_to_come_back() -> None:
    body = orjson.dumps({"reason": "TooManyRequests", "details": {"retryAfterSeconds": 7}})
    error = from_reply(429, body, doing="x")
    assert isinstance(error, Retry)
    assert error.after == 7
