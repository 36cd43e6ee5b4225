"""The secrets of webhooks, as argocd-secret has them."""

import re

from trimtab.model.names import ARGOCD_SECRET
from trimtab.server.auth.secrets import secret_data
from trimtab.server.configuration import Configuration
from trimtab.server.webhook.push import Secrets

PREFIX = "webhook."
PART_OF = ("app.kubernetes.io/part-of", "argocd")
"""The label of Secrets that may be referred to."""
_REFERENCE = re.compile(r"\$(?:(?P<secret>[a-z0-9][-a-z0-9.]*):)?(?P<key>[-._a-zA-Z0-9]+)")


def webhook_secrets(configuration: Configuration) -> Secrets:
    """By key. `$KEY` stands for another key of argocd-secret, `$SECRET:KEY` for one of another Secret that is part of
    Argo CD. What refers to nothing is itself, as with Argo CD: a secret may begin with a dollar sign.
    """
    known = configuration.secret(ARGOCD_SECRET)
    return {key: _resolved(_text(value), configuration) for key, value in known.items() if key.startswith(PREFIX)}


def _resolved(value: str, configuration: Configuration) -> str:
    match = _REFERENCE.fullmatch(value)
    if match is None:
        return value
    secret = configuration.object("Secret", match["secret"] or ARGOCD_SECRET)
    label, part = PART_OF
    if match["secret"] and (((secret or {}).get("metadata") or {}).get("labels") or {}).get(label) != part:
        return value
    found = secret_data(secret).get(match["key"])
    return value if found is None else _text(found)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
