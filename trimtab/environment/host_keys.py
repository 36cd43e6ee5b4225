"""What is said about the host keys of the environment's GitHub, when they change or are not what they should be."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.environment.environment import Environment
from trimtab.environment.names import KNOWN_HOSTS
from trimtab.model.known_hosts import HostKey


class Asked(Struct, frozen=True, kw_only=True):
    """What GitHub listed when it was asked for its host keys `at` a time, or the `problem` with asking or keeping."""

    at: str
    listed: tuple[HostKey, ...] = ()
    problem: str = ""


def replaced(env: Environment, before: Sequence[HostKey], after: Sequence[HostKey]) -> str:
    """The news that other keys are trusted from now on."""
    was = shown_keys(before) or "none"
    return (
        f"the host keys of {env.ssh_place} are now {shown_keys(after)}, as {env.api_url}/meta lists them; "
        f"known until now: {was}"
    )


def refused(env: Environment, offered: str, *, known: Sequence[HostKey], asked: Asked) -> str:
    """Why nothing is fetched from a host that shows a key which GitHub does not list, and what to do."""
    shows = f"{env.ssh_place} shows the host key {offered or 'that ssh does not name'}"
    if asked.problem:
        return (
            f"{shows}, which is not known here (known are {shown_keys(known) or 'none'}), and {env.api_url}/meta could "
            f"not be followed: {asked.problem}. Nothing is fetched until it can be, or until somebody puts what GitHub "
            f"publishes into ConfigMap {KNOWN_HOSTS}"
        )
    return (
        f"{shows}, which is not one of GitHub's: {env.api_url}/meta lists {shown_keys(asked.listed)} (asked at "
        f"{asked.at}). Nothing is fetched: somebody may be intercepting the connection. Look at what is between the "
        "cluster and GitHub (proxy, DNS, firewall). If GitHub really has a new key, fetching goes on by itself as soon "
        "as GitHub lists it"
    )


def shown_keys(keys: Sequence[HostKey]) -> str:
    """Types and fingerprints, on one line."""
    return ", ".join(map(str, keys))
