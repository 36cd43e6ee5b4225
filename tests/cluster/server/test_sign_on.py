"""Single sign-on with its ConfigMaps and Secrets on a real Kubernetes: the same tests as on the sandbox."""

from tests.server.auth_sso.conftest import issuer, visitors
from tests.server.auth_sso.test_serving import (
    test_a_real_provider_and_rights_by_its_groups,
    test_configured_logged_in_allowed_and_out_again,
)

__all__ = [
    "issuer",
    "test_a_real_provider_and_rights_by_its_groups",
    "test_configured_logged_in_allowed_and_out_again",
    "visitors",
]
