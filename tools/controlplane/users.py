"""Who may talk to the server, by bearer token, and the kubeconfig each of them gets."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MASTERS = "system:masters"


@dataclass(frozen=True)
class User:
    """A user has no rights but those of its groups until a test binds some to it."""

    name: str
    groups: tuple[str, ...] = ()


ADMIN = User("admin", (MASTERS,))
USERS = (ADMIN, User("trimtab"), User("alice"), User("bob"))
CONTROLLER_MANAGER = User("system:kube-controller-manager", (MASTERS,))
SCHEDULER = User("system:kube-scheduler")
KWOK = User("kwok", (MASTERS,))
COMPONENTS = (CONTROLLER_MANAGER, SCHEDULER, KWOK)


def new_tokens(users: Sequence[User]) -> dict[str, str]:
    """A fresh token by user name."""
    return {user.name: secrets.token_hex(16) for user in users}


def tokens_csv(users: Sequence[User], tokens: Mapping[str, str]) -> str:
    """kube-apiserver's `--token-auth-file`: token, name, uid, groups."""
    return "".join(f'{tokens[user.name]},{user.name},{user.name},"{",".join(user.groups)}"\n' for user in users)


def kubeconfig(*, server: str, authority: bytes, user: str, token: str) -> str:
    """A complete kubeconfig: one cluster, one user, one context named after the user."""
    return f"""\
apiVersion: v1
kind: Config
current-context: "{user}"
clusters:
- name: control-plane
  cluster:
    server: {server}
    certificate-authority-data: {base64.b64encode(authority).decode()}
users:
- name: "{user}"
  user:
    token: "{token}"
contexts:
- name: "{user}"
  context:
    cluster: control-plane
    user: "{user}"
"""
