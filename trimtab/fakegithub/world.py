"""What the fake GitHub knows and what happens in it, with the few words that tests say about it."""

from trimtab.fakegithub.application_world import Applications
from trimtab.fakegithub.repository_world import Repositories


class World(Applications, Repositories):
    """All of it: people, applications, repositories, hooks."""
