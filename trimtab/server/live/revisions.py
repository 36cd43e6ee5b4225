"""What Git says of a commit that an application uses, or used."""

import datetime as dt
import re

from trimtab.clock import rfc3339
from trimtab.model.application import Application, ApplicationSource
from trimtab.model.part import Part
from trimtab.server.failures import bad_request, unimplemented
from trimtab.server.live.names import InApplication
from trimtab.server.live.subject import Looked

SHA = re.compile(r"[0-9a-f]{40}")


class RevisionQuery(InApplication, frozen=True):
    """Which of several sources (from 0), and those of which entry of the history (by id; none: of the spec)."""

    source_index: int = 0
    version_id: int | None = None


class CommitMetadata(Part, frozen=True):
    author: str = ""
    date: str = ""
    subject: str = ""
    body: str = ""
    sha: str = ""
    repo_url: str = ""


class RevisionReference(Part, frozen=True):
    commit: CommitMetadata | None = None


class IntegrityCheck(Part, frozen=True):
    name: str = ""
    problems: tuple[str, ...] = ()


class IntegrityResult(Part, frozen=True):
    checks: tuple[IntegrityCheck, ...] = ()


class RevisionMetadata(Part, frozen=True):
    """`date` is RFC 3339. Signatures are not looked at: `signature_info` is left out."""

    author: str = ""
    date: str = ""
    tags: tuple[str, ...] = ()
    message: str = ""
    signature_info: str = ""
    references: tuple[RevisionReference, ...] = ()
    source_integrity_result: IntegrityResult | None = None


async def metadata_of(subject: Looked, query: RevisionQuery, revision: str) -> RevisionMetadata:
    """Author, date and message of a full SHA. Raises Failure (400, 501), TrimtabError."""
    if not SHA.fullmatch(revision):
        raise bad_request(f"revision {revision[:80]} must be resolved: give the full SHA of a commit")
    source = source_of(subject.app, query)
    if source.chart or source.repo_url.startswith("oci://"):
        raise unimplemented("reading charts from repositories and registries")
    world = subject.served.world
    await world.projects.check(subject.app, [source])
    access = await world.repositories.access(source.repo_url, project=subject.app.spec.project)
    commit = (await world.sources.checkout(access, revision)).commit()
    return RevisionMetadata(
        author=commit.author,
        date=rfc3339(commit.date.astimezone(dt.UTC)),
        tags=commit.tags,
        message=commit.message,
    )


def source_of(app: Application, query: RevisionQuery) -> ApplicationSource:
    """The source that the query names. Raises Failure (400)."""
    sources = app.spec.all_sources()
    if query.version_id is not None:
        entries = [entry for entry in app.status.history if entry.id == query.version_id]
        if not entries:
            raise bad_request(f"versionId: the history of {app.metadata.name} has no entry {query.version_id}")
        entry = entries[0]
        sources = entry.sources or ((entry.source,) if entry.source else ())
    if not 0 <= query.source_index < len(sources):
        raise bad_request(f"sourceIndex: {app.metadata.name} has {len(sources)} sources, counted from 0")
    return sources[query.source_index]
