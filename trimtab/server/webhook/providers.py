"""Who sends webhooks, in the order in which they are asked: some send the headers of others, too."""

import msgspec
from msgspec import Struct

from trimtab.server.auth.secrets import PREVIOUS
from trimtab.server.failures import Code, Failure, bad_request
from trimtab.server.webhook import (
    azure_devops,
    bitbucket,
    bitbucket_server,
    docker_hub,
    ghcr,
    github,
    gitlab,
    gogs,
    harbor,
)
from trimtab.server.webhook.push import Delivery, Provider, Push, Secrets

PROVIDERS: tuple[Provider, ...] = (
    docker_hub.PROVIDER,
    azure_devops.PROVIDER,
    gogs.PROVIDER,
    ghcr.PROVIDER,
    github.PROVIDER,
    gitlab.PROVIDER,
    bitbucket.PROVIDER,
    bitbucket_server.PROVIDER,
    harbor.PROVIDER,
)


class Heard(Struct, frozen=True):
    """`pushes`: () for an event that is about something else. `outdated`: the keys whose previous values proved it."""

    pushes: tuple[Push, ...]
    outdated: tuple[str, ...] = ()


def read(delivery: Delivery, secrets: Secrets) -> Heard:
    """What was pushed, and how the sender proved to be one. Raises Failure: 400, 401.

    A provider whose secret is set has to prove that it knows it. One without is believed only as long as no provider
    has a secret: else whoever has none to show would only have to pretend to be another.
    """
    provider = next((one for one in PROVIDERS if one.sent(delivery)), None)
    if provider is None:
        raise bad_request(f"the webhook is of none that is known: {', '.join(one.name for one in PROVIDERS)}")
    outdated = _authenticate(provider, delivery, secrets)
    try:
        return Heard(provider.pushes(delivery), outdated)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise bad_request(f"the payload is not what {provider.name} sends as JSON: {error}") from error


def is_guarded(secrets: Secrets) -> bool:
    """Does any provider have a secret, so that nobody is believed without one?"""
    return any(_is_set(one, secrets) for one in PROVIDERS)


def _authenticate(provider: Provider, delivery: Delivery, secrets: Secrets) -> tuple[str, ...]:
    """The keys whose previous values it took; () where those of today did, or none is asked for."""
    keys = " and ".join(provider.keys)
    if _is_set(provider, secrets):
        outdated = {key: secrets[key + PREVIOUS] for key in provider.keys if secrets.get(key + PREVIOUS)}
        if provider.proven(delivery, secrets):
            return ()
        if outdated and provider.proven(delivery, {**secrets, **outdated}):
            return tuple(outdated)
        raise Failure(
            Code.UNAUTHENTICATED,
            f"the webhook of {provider.name} does not prove that it knows {keys} of argocd-secret: "
            "its signature, token or login is missing or wrong",
        )
    if provider.must_prove or is_guarded(secrets):
        raise Failure(Code.UNAUTHENTICATED, f"webhooks of {provider.name} are not taken: set {keys} in argocd-secret")
    return ()


def _is_set(provider: Provider, secrets: Secrets) -> bool:
    return any(secrets.get(key) or secrets.get(key + PREVIOUS) for key in provider.keys)
