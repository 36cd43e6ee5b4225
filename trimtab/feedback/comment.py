"""The one comment on a pull request and environment: a table of applications, kept in the comment itself."""

import msgspec
from msgspec import Struct

from trimtab.feedback.outcome import State
from trimtab.feedback.posts import CommentPost

MOST_ROWS = 100
_SIGNS = {"success": "✅ deployed", "failure": "❌ failed", "pending": "⏳ under way", "inactive": "deleted"}


class Row(Struct, frozen=True):
    """What became of one application."""

    state: State
    sha: str
    what: str
    page: str


Rows = dict[str, Row]


def marker(environment: str) -> str:
    """What the comment of an environment begins with; nobody sees it."""
    return f"<!-- trimtab:{environment} "


def rows_of(body: str, environment: str) -> Rows:
    """The rows that a comment keeps; {} for one that somebody has spoiled."""
    _, found, rest = body.partition(marker(environment))
    try:
        return msgspec.json.decode(rest.partition(" -->")[0], type=Rows) if found else {}
    except msgspec.DecodeError:
        return {}


def with_row(rows: Rows, post: CommentPost) -> Rows:
    """`rows` with that of the post; the oldest make room when there are too many."""
    row = Row(post.state, post.sha, post.what, post.page)
    kept = {name: one for name, one in rows.items() if name != post.app}
    return dict([*kept.items(), (post.app, row)][-MOST_ROWS:])


def body_of(rows: Rows, environment: str) -> str:
    """The whole comment. The same rows make the same comment, in whatever order they came."""
    ordered = {name: rows[name] for name in sorted(rows)}
    # A comment of HTML ends where it is told to.
    kept = msgspec.json.encode(ordered).decode().replace(">", "\\u003e")
    table = "\n".join(_line(name, row) for name, row in ordered.items())
    return (
        f"{marker(environment)}{kept} -->\n**{_title(ordered, environment)}**\n\n"
        f"| application | | commit | |\n|---|---|---|---|\n{table}\n"
    )


def _title(rows: Rows, environment: str) -> str:
    states = {row.state for row in rows.values()}
    if "failure" in states:
        return f"Not all of this is deployed to {environment}"
    return f"Being deployed to {environment}" if "pending" in states else f"Deployed to {environment}"


def _line(name: str, row: Row) -> str:
    what = row.what.replace("|", r"\|")
    return f"| [{name}]({row.page}) | {_SIGNS[row.state]} | {row.sha[:12]} | {what} |"
