"""Applications and projects written through the API, on a real Kubernetes: what its validation and its versions make of
our writes. The same tests as on the sandbox; those of what is refused before anything is written stay there.
"""

from tests.server.writing.test_applications import (
    shop,
    test_a_stale_copy_is_refused,
    test_clients_write_what_they_like_in_finalizers,
    test_create,
    test_create_what_is_there,
    test_delete,
    test_deleting_may_leave_what_was_deployed,
    test_deleting_takes_away_what_was_deployed,
    test_fields_that_nobody_knows_are_kept,
    test_null_is_the_same_as_left_out,
    test_patch,
    test_update_replaces_what_callers_decide_and_nothing_else,
    test_update_spec,
    test_what_kubernetes_refuses,
)
from tests.server.writing.test_operations import (
    test_a_revision_and_some_resources,
    test_an_application_that_is_being_deleted,
    test_an_operation_that_nobody_has_begun_is_taken_back,
    test_one_at_a_time_and_termination,
    test_rollback,
    test_several_sources,
    test_sync,
    test_what_real_clients_send,
)
from tests.server.writing.test_projects import (
    test_a_new_role_begins_without_the_tokens_of_an_old_one,
    test_applications_do_not_lose_what_they_use,
    test_applications_stay_within_what_their_project_permits,
    test_create_get_and_list,
    test_detailed_and_the_like,
    test_rights_on_applications,
    test_tokens,
    test_update,
    test_windows,
)
from tests.server.writing.test_projects import test_create_what_is_there as test_create_a_project_that_is_there
from tests.server.writing.test_projects import test_delete as test_delete_a_project

__all__ = [
    "shop",
    "test_a_new_role_begins_without_the_tokens_of_an_old_one",
    "test_a_revision_and_some_resources",
    "test_a_stale_copy_is_refused",
    "test_an_application_that_is_being_deleted",
    "test_an_operation_that_nobody_has_begun_is_taken_back",
    "test_applications_do_not_lose_what_they_use",
    "test_applications_stay_within_what_their_project_permits",
    "test_clients_write_what_they_like_in_finalizers",
    "test_create",
    "test_create_a_project_that_is_there",
    "test_create_get_and_list",
    "test_create_what_is_there",
    "test_delete",
    "test_delete_a_project",
    "test_deleting_may_leave_what_was_deployed",
    "test_deleting_takes_away_what_was_deployed",
    "test_detailed_and_the_like",
    "test_fields_that_nobody_knows_are_kept",
    "test_null_is_the_same_as_left_out",
    "test_one_at_a_time_and_termination",
    "test_patch",
    "test_rights_on_applications",
    "test_rollback",
    "test_several_sources",
    "test_sync",
    "test_tokens",
    "test_update",
    "test_update_replaces_what_callers_decide_and_nothing_else",
    "test_update_spec",
    "test_what_kubernetes_refuses",
    "test_what_real_clients_send",
    "test_windows",
]
