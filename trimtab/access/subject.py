"""Who asks: what a verified token or cookie says about the caller."""

from msgspec import Struct

LOCAL_ISSUER = "argocd"


class Subject(Struct, frozen=True, kw_only=True):
    """`name` is what RBAC calls them: a local user, `proj:PROJECT:ROLE`, or the id of an SSO user; "" is nobody.

    `groups` are as the identity provider says (`acme:platform`). `issued_at` is in seconds since 1970.
    """

    name: str
    groups: tuple[str, ...] = ()
    issuer: str = LOCAL_ISSUER
    username: str = ""
    issued_at: int = 0

    @property
    def logged_in(self) -> bool:
        return bool(self.name)


ANONYMOUS = Subject(name="")
