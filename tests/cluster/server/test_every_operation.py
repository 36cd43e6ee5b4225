"""Every operation that is served, driven on a real Kubernetes by everybody who may; each answer is held to OpenAPI."""

from tests.server.test_privileges import (
    test_every_operation_has_a_recipe,
    test_with_the_right_it_is_done,
    walk,
)

__all__ = ["test_every_operation_has_a_recipe", "test_with_the_right_it_is_done", "walk"]
