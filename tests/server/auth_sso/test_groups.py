"""Which of a provider's groups count."""

from trimtab.server.auth.connectors import Identity
from trimtab.server.auth.sso_session import groups_of


def test_a_group_is_never_one_of_our_roles() -> None:
    identity = Identity(user_id="7", groups=("acme:platform", "role:admin", "proj:shop:deployer", "admins"))
    assert groups_of(identity, ("groups",)) == ("acme:platform", "admins")


def test_other_claims_may_hold_groups() -> None:
    identity = Identity(user_id="7", email="ada@acme.example", groups=("a",), claims={"teams": ["b", "a", "role:x"]})
    assert groups_of(identity, ("groups", "teams", "email", "missing")) == ("a", "b", "ada@acme.example")
