"""What only an API server's own rules can show of local accounts: races, preconditions, and the AppProject's status."""

from tests.server.auth_local.test_account import test_a_token_works_at_another_replica_at_once
from tests.server.auth_local.test_login import test_every_replica_knows_what_one_was_told
from tests.server.auth_local.test_project_tokens import (
    test_a_token_works_until_it_is_deleted,
    test_tokens_made_at_once_are_all_listed,
    test_what_else_is_in_the_project_stays,
)
from tests.server.auth_local.test_secrets import (
    test_a_secret_that_others_write_all_the_time_is_given_up,
    test_changes_made_at_once_all_last,
    test_servers_that_start_at_once_agree,
    test_the_drawn_password_logs_in,
)

__all__ = [
    "test_a_secret_that_others_write_all_the_time_is_given_up",
    "test_a_token_works_at_another_replica_at_once",
    "test_a_token_works_until_it_is_deleted",
    "test_changes_made_at_once_all_last",
    "test_every_replica_knows_what_one_was_told",
    "test_servers_that_start_at_once_agree",
    "test_the_drawn_password_logs_in",
    "test_tokens_made_at_once_are_all_listed",
    "test_what_else_is_in_the_project_stays",
]
