"""Lists, applications and streams on a real Kubernetes: the tests of the sandbox that hang on what it answers."""

from tests.server.applications.test_reading import (
    test_a_list_is_as_argo_cd_gives_it,
    test_a_stream,
    test_a_stream_of_what_a_caller_may_see,
    test_one_application,
    test_pages_survive_what_comes_and_goes,
    test_refresh_waits_for_the_controller,
    test_selected,
    test_what_a_caller_may_not_see_does_not_exist,
)

__all__ = [
    "test_a_list_is_as_argo_cd_gives_it",
    "test_a_stream",
    "test_a_stream_of_what_a_caller_may_see",
    "test_one_application",
    "test_pages_survive_what_comes_and_goes",
    "test_refresh_waits_for_the_controller",
    "test_selected",
    "test_what_a_caller_may_not_see_does_not_exist",
]
