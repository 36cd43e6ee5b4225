"""Field ownership moved from client-side applies to our apply."""

from typing import Any

import pytest

from trimtab.compare.owners import ownership
from trimtab.compare.takeover import taken_over
from trimtab.model.names import FIELD_MANAGER

Entry = dict[str, Any]


def an_entry(manager: str, tree: Any, *, operation: str = "Update", time: str = "1", **more: Any) -> Entry:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "time": time, "fieldsV1": tree, **more}


KUBECTL = an_entry("kubectl-client-side-apply", {"f:data": {".": {}, "f:a": {}}}, time="2")
ARGO_CD = an_entry(FIELD_MANAGER, {"f:data": {"f:b": {}}}, time="3")
OURS = an_entry(FIELD_MANAGER, {"f:data": {"f:c": {}}}, operation="Apply", time="1")
ROBOT = an_entry("robot", {"f:data": {"f:d": {}}})
STATUS = an_entry("kubectl-client-side-apply", {"f:status": {}}, subresource="status")


@pytest.mark.parametrize("entries", [[], [OURS], [ROBOT], [OURS, ROBOT, STATUS], [{}], [OURS, ARGO_CD]])
def test_nothing_to_take_over(entries: list[Entry]) -> None:
    assert taken_over(entries) is None
    assert not ownership({"apiVersion": "v1", "metadata": {"managedFields": entries}}).takeover


def test_a_client_side_apply_becomes_ours_and_the_others_stay() -> None:
    moved = taken_over([KUBECTL, ROBOT, STATUS])
    assert moved is not None
    mine, *others = moved
    assert (mine["manager"], mine["operation"], mine["apiVersion"]) == (FIELD_MANAGER, "Apply", "v1")
    assert mine["fieldsV1"] == {"f:data": {".": {}, "f:a": {}}}
    assert others == [ROBOT, STATUS]


def test_several_are_joined_with_what_we_have() -> None:
    moved = taken_over([KUBECTL, OURS])
    assert moved is not None
    (mine,) = moved
    assert mine["fieldsV1"] == {"f:data": {".": {}, "f:a": {}, "f:c": {}}}
    both = taken_over([ARGO_CD, KUBECTL])
    assert both is not None
    assert both[0]["fieldsV1"] == {"f:data": {".": {}, "f:a": {}, "f:b": {}}}


def test_our_own_small_patches_are_no_client_side_apply_once_we_applied() -> None:
    """They may hold what nobody else asks for, such as the time of a restart."""
    moved = taken_over([KUBECTL, OURS, ARGO_CD])
    assert moved is not None
    assert ARGO_CD in moved
    assert "f:b" not in moved[0]["fieldsV1"]["f:data"]


def test_what_is_said_of_ownership() -> None:
    who = ownership({"apiVersion": "v1", "metadata": {"managedFields": [KUBECTL, OURS, ROBOT, STATUS]}})
    assert (who.takeover, who.version) == (True, "v1")
    assert who.applied == OURS["fieldsV1"]
    assert who.owned == {"f:data": {".": {}, "f:a": {}, "f:c": {}}}
    assert list(who.others_at(("f:data",))) == [{"f:d": {}}]
    assert who.last_writer(("f:data", "f:d")) == ("robot", "1")
    assert who.last_writer(("f:data", "f:c")) == ("", "")


@pytest.mark.parametrize(
    "managed", [None, [], [None, 5], [{"manager": "x"}], [an_entry(FIELD_MANAGER, None, operation="Apply")]]
)
def test_odd_managed_fields(managed: Any) -> None:
    who = ownership({"apiVersion": "v1", "metadata": {"managedFields": managed}})
    assert (who.owned, who.takeover, who.last_writer(("f:data",))) == ({}, False, ("", ""))
