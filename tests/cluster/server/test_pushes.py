"""Webhooks, badges, metrics and the document on a real Kubernetes: versions of objects are its own there."""

from tests.server.badge.test_badge import shown, test_of_an_application
from tests.server.desk import Desk
from tests.server.metrics.test_metrics import test_a_sync_is_counted_everywhere
from tests.server.webhook.test_looks import (
    test_one_that_is_gone_does_not_keep_the_others_waiting,
    test_two_asks_are_two_versions_of_the_object,
)
from tests.server.webhook.test_receive import (
    hooked,
    test_a_push_is_looked_at_without_a_write,
    test_another_replica_asks_by_the_annotation,
)
from trimtab.server.operations import OPERATIONS

__all__ = [
    "hooked",
    "shown",
    "test_a_push_is_looked_at_without_a_write",
    "test_a_sync_is_counted_everywhere",
    "test_another_replica_asks_by_the_annotation",
    "test_of_an_application",
    "test_one_that_is_gone_does_not_keep_the_others_waiting",
    "test_two_asks_are_two_versions_of_the_object",
]


async def test_the_document_says_all_that_is_served(desk: Desk) -> None:
    for path in ("/api/openapi.json", "/swagger.json"):
        answer = await desk.call("GET", path, who="")
        assert answer.status == 200
        described = {one["operationId"] for methods in answer.body["paths"].values() for one in methods.values()}
        assert described == {operation.id for operation in OPERATIONS}
