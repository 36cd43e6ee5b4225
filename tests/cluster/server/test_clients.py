"""What clients of Argo CD's REST API do, on a real Kubernetes."""

from tests.server.test_clients import (
    test_a_developer_portal,
    test_a_pipeline_with_a_token_of_a_project_s_role,
    test_a_program_with_a_cookie,
    test_an_assistant,
    test_somebody_who_watches,
)

__all__ = [
    "test_a_developer_portal",
    "test_a_pipeline_with_a_token_of_a_project_s_role",
    "test_a_program_with_a_cookie",
    "test_an_assistant",
    "test_somebody_who_watches",
]
