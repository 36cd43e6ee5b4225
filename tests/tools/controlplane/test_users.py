"""Tokens, groups and kubeconfigs."""

import base64
import csv

import yaml

from tools.controlplane.users import ADMIN, SCHEDULER, USERS, User, kubeconfig, new_tokens, tokens_csv


def test_the_token_file_has_a_line_per_user() -> None:
    users = (ADMIN, User("dev", ("a", "b")), SCHEDULER)
    rows = list(csv.reader(tokens_csv(users, {user.name: f"token-{user.name}" for user in users}).splitlines()))
    assert rows == [
        ["token-admin", "admin", "admin", "system:masters"],
        ["token-dev", "dev", "dev", "a,b"],
        ["token-system:kube-scheduler", "system:kube-scheduler", "system:kube-scheduler", ""],
    ]


def test_tokens_are_never_the_same() -> None:
    tokens = [token for _ in range(2) for token in new_tokens(USERS).values()]
    assert len(set(tokens)) == 2 * len(USERS)


def test_a_kubeconfig_is_complete() -> None:
    text = kubeconfig(server="https://127.0.0.1:1", authority=b"PEM", user="system:one", token="t")
    loaded = yaml.safe_load(text)
    assert loaded["current-context"] == loaded["contexts"][0]["name"] == "system:one"
    assert loaded["contexts"][0]["context"] == {"cluster": "control-plane", "user": "system:one"}
    assert loaded["users"] == [{"name": "system:one", "user": {"token": "t"}}]
    cluster = loaded["clusters"][0]
    assert cluster["name"] == "control-plane" and cluster["cluster"]["server"] == "https://127.0.0.1:1"
    assert base64.b64decode(cluster["cluster"]["certificate-authority-data"]) == b"PEM"
