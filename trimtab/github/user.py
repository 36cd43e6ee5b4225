"""The person whose token it is."""

from trimtab.github.client import GitHub
from trimtab.github.nouns import User


async def get_user(github: GitHub) -> User:
    """Raises BadToken, and Forbidden for a token that is nobody's (an App's)."""
    return await github.get("/user", User)
