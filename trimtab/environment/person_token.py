"""What the token of whoever sets up has to be allowed, where it does the work and no GitHub App."""

from trimtab.environment.environment import Environment

SCOPES = ("repo", "read:org")
"""Of a classic token: keys, hooks and commits are in `repo`."""


def written_permissions(env: Environment) -> tuple[str, ...]:
    """What a fine-grained token has to have at `write`, by the names of GitHub's API."""
    needed = {
        "administration": env.access == "deployKey",
        "contents": env.changes != "none",
        "pull_requests": env.changes == "pullRequest",
        "repository_hooks": True,
    }
    return tuple(name for name, is_needed in needed.items() if is_needed)
