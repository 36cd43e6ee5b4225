"""What GitHub publishes about itself: its host keys, above all. Needs no token."""

from trimtab.github.client import GitHub
from trimtab.github.endpoints import Endpoints
from trimtab.github.nouns import Meta


async def get_meta(github: GitHub) -> Meta:
    """Trustworthy because it comes over TLS."""
    return await github.get("/meta", Meta)


def known_hosts(meta: Meta, endpoints: Endpoints) -> tuple[str, ...]:
    """Lines for known_hosts: `github.com ssh-ed25519 AAAA…`, or `[host]:port ssh-…` where the port is another."""
    host = endpoints.ssh_host if endpoints.ssh_port == 22 else f"[{endpoints.ssh_host}]:{endpoints.ssh_port}"
    return tuple(f"{host} {' '.join(key.split()[:2])}" for key in meta.ssh_keys if len(key.split()) >= 2)
