"""Paths of the API. Pure."""

from urllib.parse import quote


def path(*parts: str | int) -> str:
    """`path("repos", "acme/infra", "keys")` → `/repos/acme/infra/keys`, whatever characters a name has."""
    return "".join(f"/{quote(str(part))}" for part in parts)
