"""When it is said that a source cannot be fetched, and how."""

import ast
from pathlib import Path

import pytest
from msgspec.structs import replace

from trimtab.model.application import (
    Application,
    ApplicationSpec,
    ApplicationStatus,
    Destination,
    HistoryEntry,
    Metadata,
)
from trimtab.source.failures import _RULES
from trimtab.status.unreachable import CAUSES, Unreachable, alert, is_due

ROOT = Path(__file__).parents[3]
SINCE = "2026-11-30T12:00:00Z"
IN_THE_COMMIT = {
    "AmbiguousRevision", "EmptyRepository", "FileNotFound", "FileTooLarge", "FolderTooDeep", "FolderTooLarge",
    "InvalidPath", "InvalidURL", "LinkLoop", "LinkOutOfRepository", "ObjectFormatNotSupported", "PathNotFound",
    "ProxyNotSupported", "RevisionGone", "RevisionNotFound", "SubmoduleNotFetched",
}  # fmt: skip
"""Reasons that are about the commit or the spec: the source itself was fetched, or never will be."""


@pytest.mark.parametrize(
    ("polls", "seconds", "told", "due"),
    [
        (1, 500, False, False),
        (2, 119, False, False),
        (2, 120, False, True),
        (5, 900, False, True),
        (5, 900, True, False),
    ],
)
def test_it_is_said_once_within_two_polls(polls: int, seconds: float, told: bool, due: bool) -> None:
    known = Unreachable(urls=(), since=SINCE, first=1000.0, polls=polls, told=told)
    assert is_due(known, now=1000.0 + seconds, interval=120.0) is due


def test_it_is_said_why_since_when_and_what_was_good() -> None:
    app = Application(
        api_version="argoproj.io/v1alpha1",
        kind="Application",
        metadata=Metadata(name="shop", namespace="control"),
        spec=ApplicationSpec(destination=Destination()),
        status=ApplicationStatus(),
    )
    known = Unreachable(urls=(), since=SINCE, first=0.0)
    text = alert(app, known, reason="HostKeyChanged", message="git@github.com:acme/x: put the new one there")
    assert text == (
        "The source cannot be fetched: host key rotated, or somebody in between (since 2026-11-30T12:00:00Z, "
        "never fetched): git@github.com:acme/x: put the new one there"
    )
    entry = HistoryEntry(id=1, revision="a" * 40, deployed_at=SINCE)
    deployed = replace(app, status=replace(app.status, history=(entry,)))
    assert "last good commit aaaaaaaaaaaa)" in alert(deployed, known, reason="Timeout", message="m")


def test_every_reason_of_a_source_has_a_cause_or_is_about_the_commit() -> None:
    found: set[str] = set()
    for path in (ROOT / "trimtab/source").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "reason" and isinstance(node.value, ast.Constant):
                found.add(str(node.value.value))
    found |= {rule.reason for rule in _RULES}
    assert found - set(CAUSES) - IN_THE_COMMIT == set()
