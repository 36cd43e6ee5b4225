"""The references of an open repository, as `revision.py` wants to see them."""

from collections.abc import Iterable

import pygit2
from pygit2.enums import ObjectType, ReferenceFilter

from trimtab.source.revision import OWN


class RepositoryRefs:
    """Reads references on demand: a repository may have a hundred thousand, and mostly one is asked for."""

    def __init__(self, repository: pygit2.Repository, *, head: str) -> None:
        self._repository = repository
        self._head = head

    def commit(self, name: str) -> str | None:
        if name.startswith(OWN):
            return None
        try:
            reference = self._repository.lookup_reference(self._head if name == "HEAD" else name)
            return str(reference.peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def tags(self) -> Iterable[str]:
        for reference in self._repository.references.iterator(ReferenceFilter.TAGS):
            yield reference.name.removeprefix("refs/tags/")

    def empty(self) -> bool:
        return next(iter(self._repository.references.iterator(ReferenceFilter.ALL)), None) is None

    def starting_with(self, prefix: str) -> tuple[str, ...]:
        try:
            found = self._repository[prefix]
        except KeyError:
            return ()
        except ValueError:  # several objects: only commits count, and finding them means to look at every object
            return tuple(str(oid) for oid in self._repository if self._is_commit(str(oid), prefix))
        return (str(found.id),) if found.type == ObjectType.COMMIT else ()

    def _is_commit(self, sha: str, prefix: str) -> bool:
        return sha.startswith(prefix) and self._repository[sha].type == ObjectType.COMMIT
