"""What GitHub publishes about itself: its host keys, above all. Needs no token."""

from trimtab.github.client import GitHub
from trimtab.github.nouns import Meta


async def get_meta(github: GitHub) -> Meta:
    """Trustworthy because it comes over TLS."""
    return await github.get("/meta", Meta)
