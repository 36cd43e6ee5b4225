"""The comment that keeps its own table."""

from msgspec.structs import replace

from tests.unit.feedback.builders import NOW, a_place, an_app
from trimtab.feedback.comment import MOST_ROWS, Row, Rows, body_of, marker, rows_of, with_row
from trimtab.feedback.posts import CommentPost, posts_of


def a_post(app: str = "shop", state: str = "success") -> CommentPost:
    post = posts_of(an_app("Failed" if state == "failure" else "Succeeded"), a_place(), now=NOW)[2]
    assert isinstance(post, CommentPost)
    return replace(post, app=app)


def test_rows_are_kept_in_the_comment() -> None:
    rows = with_row(with_row({}, a_post("shop")), a_post("api--v2", "failure"))
    body = body_of(rows, "production")
    assert rows_of(body, "production") == rows
    assert body.startswith(marker("production"))
    assert "**Not all of this is deployed to production**" in body
    assert "| [shop](https://argocd.acme.example/applications/argocd/shop) | ✅ deployed | aaaaaaaaaaaa |" in body
    assert body.index("[api--v2]") < body.index("[shop]")


def test_the_same_rows_make_the_same_comment() -> None:
    one, other = with_row(with_row({}, a_post("a")), a_post("b")), with_row(with_row({}, a_post("b")), a_post("a"))
    assert body_of(one, "production") == body_of(other, "production")
    assert body_of(with_row(one, a_post("a")), "production") == body_of(one, "production")


def test_what_a_row_says_cannot_end_the_hidden_part() -> None:
    rows: Rows = {"x": Row("success", "a" * 40, "--> | <b>", "https://x")}
    body = body_of(rows, "production")
    assert body.count("-->") == 2
    assert rows_of(body, "production") == rows


def test_environments_do_not_mix() -> None:
    body = body_of(with_row({}, a_post()), "production-eu")
    assert rows_of(body, "production") == {}
    assert marker("production") not in body


def test_a_comment_that_somebody_has_spoiled_begins_anew() -> None:
    assert rows_of(f"{marker('production')}{{broken -->", "production") == {}
    assert rows_of("", "production") == {}


def test_there_is_an_end_to_rows() -> None:
    rows: Rows = {}
    for number in range(MOST_ROWS + 5):
        rows = with_row(rows, a_post(f"app-{number}"))
    assert len(rows) == MOST_ROWS
    assert "app-0" not in rows
