"""What one server process remembers of logins; nothing of it has to outlast it."""

from msgspec import Struct, field

from trimtab.access.accounts import Accounts
from trimtab.model.keys import Manifest
from trimtab.server.auth.limits import AddressLimit, Lockout, Turns
from trimtab.server.auth.passwords import Passwords


class Local(Struct, frozen=True):
    """The accounts and the keys, as read from these very versions of argocd-cm and argocd-secret.

    `keys`: the first signs and seals; what any of them signed or sealed counts. () where there is none yet.
    """

    config_map: Manifest | None
    secret: Manifest | None
    accounts: Accounts
    keys: tuple[bytes, ...]


class Logins(Struct):
    """Failures so far, the line for bcrypt, and what was read last."""

    lockout: Lockout = field(default_factory=Lockout)
    addresses: AddressLimit = field(default_factory=AddressLimit)
    passwords: Passwords = field(default_factory=Passwords)
    turns: Turns = field(default_factory=Turns)
    local: Local | None = None
