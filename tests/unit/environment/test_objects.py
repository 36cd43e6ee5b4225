"""The Secrets that an environment implies, and who may refer to them."""

from tests.unit.environment.builders import an_environment
from trimtab.environment.objects import (
    app_repository_secret,
    app_secret,
    deploy_key_secret,
    next_key_secret,
    secrets_object,
)

PART_OF = "app.kubernetes.io/part-of"


def test_only_argocd_secret_may_be_referred_to() -> None:
    """Whoever may write argocd-cm could have `$trimtab-github-app:privateKey` sent to a host of theirs."""
    env = an_environment()
    app = {"id": "1", "installationID": "2", "privateKey": "PEM"}
    others = [
        app_secret(env, app),
        next_key_secret(env, "PEM"),
        deploy_key_secret(env, "PEM", created={}),
        app_repository_secret(env, app, created={}),
    ]
    assert [one["metadata"]["labels"].get(PART_OF) for one in others] == [None] * 4
    assert secrets_object(env, {})["metadata"]["labels"] == {PART_OF: "argocd"}
