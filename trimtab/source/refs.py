"""The references of an open repository, as `revision.py` wants to see them."""

from collections.abc import Iterable

import pygit2

from trimtab.source.mirror import HEAD

_TAGS = "refs/tags/"


class RepositoryRefs:
    """Reads references on demand: a repository may have a hundred thousand, and mostly one is asked for."""

    def __init__(self, repository: pygit2.Repository, *, head: str = HEAD) -> None:
        self._repository = repository
        self._head = head

    def commit(self, name: str) -> str | None:
        try:
            reference = self._repository.lookup_reference(self._head if name == "HEAD" else name)
            return str(reference.peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def tags(self) -> Iterable[str]:
        for reference in self._repository.references.iterator(pygit2.enums.ReferenceFilter.TAGS):
            yield reference.name.removeprefix(_TAGS)

    def starting_with(self, prefix: str) -> tuple[str, ...]:
        found = [str(oid) for oid in self._repository if str(oid).startswith(prefix)]
        return tuple(sha for sha in found if isinstance(self._repository[sha], pygit2.Commit))
