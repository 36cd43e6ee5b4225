"""Replacing what authenticates, without a gap: a new one is made and proven, then used, then the old one removed.

Each rotation can be interrupted anywhere: the next run goes on with what it finds, and draws nothing twice.
"""

from collections.abc import Mapping

from trimtab.setup.rotate import deploy_key, server_key, webhook_secret
from trimtab.setup.step import Step

ROTATIONS: Mapping[str, Step] = {
    "deploy-key": Step("deploy-key", "Deploy key", deploy_key.look, deploy_key.act),
    "webhook-secret": Step("webhook-secret", "Secret of the webhook", webhook_secret.look, webhook_secret.act),
    "server-key": Step("server-key", "Key that signs sessions and tokens", server_key.look, server_key.act),
}
"""By what is rotated."""
