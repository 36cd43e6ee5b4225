"""The client against a GitHub that misbehaves as told."""

import asyncio
import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.clocks import SwiftClock
from tests.servers.authority import Authority
from tests.servers.scripted import Answer, Cut, Ends, Reply, Scripted, Silence, Stream
from trimtab.errors import Retry, Stalled
from trimtab.github import client
from trimtab.github.client import GitHub
from trimtab.github.endpoints import Endpoints
from trimtab.github.errors import BadToken, Forbidden, NotFound, RateLimited, Unavailable, Unexpected
from trimtab.github.nouns import HookConfig, InstallationToken, NewApp, Team, User
from trimtab.github.tokens import Given

ADA = {"login": "ada", "id": 1, "type": "User", "unknown": {"is": "ignored"}}
BUSY = Reply.json({"message": "slow down"}, 429, retry_after="3")
BROKEN = Reply.json({"message": "Server Error"}, 502)
TOKEN = "ghp_s3cr3t"


async def test_an_answer_is_a_noun(server: Scripted, github: GitHub) -> None:
    server.answer("GET /user", Reply.json(ADA))
    assert await github.get("/user", User) == User("ada", 1)
    (got,) = server.requests
    assert got.headers["Authorization"] == f"Bearer {TOKEN}"
    assert got.headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert got.headers["Accept"] == "application/vnd.github+json"
    assert got.headers["User-Agent"] == "trimtab"


async def test_nobody_sends_no_authorization(server: Scripted, endpoints: Endpoints) -> None:
    server.answer("GET /meta", Reply.json({}))
    async with GitHub(endpoints) as anybody:
        await anybody.get("/meta", dict[str, Any])
    assert "Authorization" not in server.requests[0].headers


async def test_bodies_are_json_and_empty_answers_are_none(server: Scripted, github: GitHub) -> None:
    server.answer("POST /x", Reply(b"", 204))
    server.answer("PATCH /x", Reply.json(ADA))
    server.answer("PUT /x", Reply.json(ADA))
    server.answer("DELETE /x", Reply(b"", 204))
    await github.post("/x", type(None), body={"a": [1]})
    assert (await github.patch("/x", User, body={"b": 2})).login == "ada"
    assert (await github.put("/x", User)).login == "ada"
    await github.delete("/x")
    assert [(one.verb, one.body) for one in server.requests] == [
        ("POST", b'{"a":[1]}'),
        ("PATCH", b'{"b":2}'),
        ("PUT", b""),
        ("DELETE", b""),
    ]


async def test_lists_are_read_to_their_last_page(server: Scripted, github: GitHub) -> None:
    following = f'<{server.url}/two?per_page=100&page=2>; rel="next", <{server.url}/two?page=2>; rel="last"'
    server.answer("GET /teams", Reply.json([{"slug": "a", "id": 1}], link=following))
    server.answer("GET /two", Reply.json([{"slug": "b", "id": 2}]))
    assert await github.pages("/teams", Team, query={"state": "all"}) == [Team("a", 1), Team("b", 2)]
    assert server.requests[0].query == {"per_page": "100", "state": "all"}
    assert server.requests[1].query == {"per_page": "100", "page": "2"}


async def test_a_list_without_end_is_an_error_rather_than_a_part(server: Scripted, github: GitHub) -> None:
    server.answer("GET /teams", Reply.json([], link=f'<{server.url}/teams>; rel="next"'))
    with pytest.raises(Unexpected, match="more than 50 pages"):
        await github.pages("/teams", Team)


async def test_what_did_not_change_is_not_sent_again(server: Scripted, github: GitHub) -> None:
    server.answer("GET /user", Reply.json(ADA, etag='W/"1"'), Reply(b"", 304), Reply.json({**ADA, "login": "eve"}))
    assert [(await github.get("/user", User)).login for _ in range(3)] == ["ada", "ada", "eve"]
    assert [one.headers.get("If-None-Match") for one in server.requests] == [None, 'W/"1"', 'W/"1"']


async def test_what_failed_in_passing_is_asked_again(server: Scripted, github: GitHub, clock: SwiftClock) -> None:
    server.answer("GET /user", BROKEN, Cut(), BUSY, Reply.json(ADA))
    assert (await github.get("/user", User)).login == "ada"
    assert len(server.requests) == 4
    assert 3.0 <= clock.waits[-1] <= 4.0


@pytest.mark.parametrize("answer", [BROKEN, Cut()])
async def test_a_post_that_may_have_been_carried_out_is_not_sent_again(
    server: Scripted, github: GitHub, answer: Answer
) -> None:
    server.answer("POST /x", answer)
    with pytest.raises(Unavailable):
        await github.post("/x", User)
    assert len(server.requests) == 1


async def test_a_post_that_was_turned_away_is_sent_again(server: Scripted, github: GitHub) -> None:
    server.answer("POST /x", BUSY, Reply.json(ADA))
    assert (await github.post("/x", User)).login == "ada"


async def test_a_server_that_goes_on_failing_is_given_up(server: Scripted, github: GitHub) -> None:
    server.answer("GET /user", BROKEN)
    with pytest.raises(Retry) as failed:
        await github.get("/user", User)
    assert failed.value.reason == "GitHubUnavailable"
    assert len(server.requests) == 5


async def test_nothing_is_sent_while_a_long_limit_lasts(server: Scripted, github: GitHub, clock: SwiftClock) -> None:
    reset = str(int(clock.now().timestamp()) + 600)
    limit = Reply.json({"message": "API rate limit exceeded"}, 403, x_ratelimit_remaining="0", x_ratelimit_reset=reset)
    server.answer("GET /user", limit, Reply.json(ADA))
    for _ in range(2):
        with pytest.raises(RateLimited) as limited:
            await github.get("/user", User)
        assert limited.value.after == pytest.approx(600)
    assert len(server.requests) == 1
    clock.step(590)
    assert (await github.get("/user", User)).login == "ada"
    assert clock.waits == [pytest.approx(10)]


async def test_a_server_that_is_silent_has_a_deadline(
    server: Scripted, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "DEADLINE_SECONDS", 0.1)
    server.answer("GET /user", Silence())
    with pytest.raises(Unavailable, match=r"no answer within 0\.1 s"):
        await github.get("/user", User)


async def test_nobody_there(clock: SwiftClock, unused_tcp_port: int) -> None:
    endpoints = Endpoints(api=f"http://127.0.0.1:{unused_tcp_port}")
    async with GitHub(endpoints, clock=clock) as github:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await github.get("/user", User)


async def test_errors_name_the_request_and_never_the_token(server: Scripted, github: GitHub) -> None:
    server.answer("GET /user", Reply.json({"message": f"Bad credentials: {TOKEN}"}, 401))
    server.answer("GET /orgs/acme", Reply.json({"message": "no"}, 403))
    with pytest.raises(BadToken, match=r"^GET /user: ") as bad:
        await github.get("/user", User)
    assert TOKEN not in f"{bad.value} {bad.value!r} {bad.value.message}"
    with pytest.raises(Forbidden):
        await github.get("/orgs/acme", User, query={"q": TOKEN})
    with pytest.raises(NotFound):
        await github.get("/nothing", User)
    assert TOKEN not in repr(github)
    assert TOKEN not in repr(Given(TOKEN))


@pytest.mark.parametrize("body", [b"<html>", b'{"login": 5}', b"[]", b"\xff"])
async def test_what_is_not_github_is_said_to_be_so(server: Scripted, github: GitHub, body: bytes) -> None:
    server.answer("GET /user", Reply(body))
    with pytest.raises(Stalled, match="check the API's URL"):
        await github.get("/user", User)


async def test_too_large_an_answer_is_not_read(
    server: Scripted, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LARGEST", 1 << 20)
    server.answer("GET /user", Stream([b"x" * (1 << 19)] * 3, ends=Ends.NEVER))
    with pytest.raises(Unexpected, match="larger than 1 MiB"):
        await github.get("/user", User)


async def test_a_renamed_repository_is_followed(server: Scripted, github: GitHub) -> None:
    moved = Reply.json({"message": "Moved Permanently"}, 301, location=f"{server.url}/repositories/5")
    server.answer("POST /repos/acme/old", moved)
    server.answer("POST /repositories/5", Reply.json(ADA))
    assert (await github.post("/repos/acme/old", User, body={"a": 1})).login == "ada"
    assert server.requests[1].json() == {"a": 1}


@pytest.mark.parametrize("link", ["location", "link"])
async def test_a_token_is_not_sent_to_another_host(server: Scripted, github: GitHub, link: str) -> None:
    async with Scripted() as other:
        there = f"{other.url}/user"
        moved = Reply.json([], 302, location=there)
        more = Reply.json([], link=f'<{there}>; rel="next"')
        server.answer("GET /user", moved if link == "location" else more)
        with pytest.raises(Unexpected, match="another host"):
            await github.pages("/user", User)
        assert other.requests == []


async def test_redirects_have_an_end(server: Scripted, github: GitHub) -> None:
    server.answer("GET /user", Reply.json({}, 302, location="/user"))
    with pytest.raises(Unexpected, match="without end"):
        await github.get("/user", User)


async def test_what_github_tells_of_the_token_is_kept(server: Scripted, github: GitHub) -> None:
    told = Reply.json(
        ADA, x_oauth_scopes="repo, gist", github_authentication_token_expiration="2026-12-31 23:59:59 UTC"
    )
    server.answer("GET /user", told, Reply.json(ADA))
    await github.get("/user", User)
    assert github.seen == client.Seen(frozenset({"repo", "gist"}), dt.datetime(2026, 12, 31, 23, 59, 59, tzinfo=dt.UTC))
    await github.get("/user", User)
    assert github.seen == client.Seen()


async def test_names_below_localhost_are_this_machine(server: Scripted) -> None:
    server.answer("GET /user", Reply.json(ADA))
    async with GitHub(Endpoints(api=f"http://github.localhost:{server.port}")) as github:
        assert (await github.get("/user", User)).login == "ada"


async def test_a_given_authority_is_trusted_and_no_other(tmp_path: Path, clock: SwiftClock) -> None:
    authority = Authority()
    async with Scripted(tls=_context(authority, tmp_path)) as server:
        server.answer("GET /user", Reply.json(ADA))
        async with GitHub(Endpoints(api=server.url, ca_pem=authority.pem), clock=clock) as github:
            assert (await github.get("/user", User)).login == "ada"
        async with GitHub(Endpoints(api=server.url, ca_pem=Authority("other").pem), clock=clock) as github:
            with pytest.raises(Stalled, match="not trusted"):
                await github.get("/user", User)


async def test_an_authority_that_is_none_is_refused() -> None:
    with pytest.raises(Stalled, match="not PEM"):
        async with GitHub(Endpoints(ca_pem="nonsense")):
            pass


async def test_a_new_token_is_had_once_when_one_is_refused(server: Scripted, endpoints: Endpoints) -> None:
    class Turning:
        def __init__(self) -> None:
            self.tokens = ["old", "new"]

        async def token(self) -> str:
            await asyncio.sleep(0)
            return self.tokens[0]

        def refused(self, token: str) -> bool:
            self.tokens.remove(token)
            return True

    server.answer("GET /user", Reply.json({}, 401), Reply.json(ADA))
    async with GitHub(endpoints, Turning()) as github:
        assert (await github.get("/user", User)).login == "ada"
    assert [one.headers["Authorization"] for one in server.requests] == ["Bearer old", "Bearer new"]


def test_nouns_with_secrets_hide_them() -> None:
    app = msgspec.convert(
        {"id": 1, "name": "x", "owner": ADA, "permissions": {}, "events": [], "client_secret": "s3c", "pem": "p3m"},
        NewApp,
    )
    assert "s3c" not in repr(app)
    assert "p3m" not in repr(app)
    assert "s3c" not in repr(HookConfig(secret="s3c"))
    assert "s3c" not in repr(InstallationToken("s3c", ""))


def _context(authority: Authority, folder: Path) -> ssl.SSLContext:
    issued = authority.issue("server", "127.0.0.1")
    path = folder / "server.pem"
    path.write_text(f"{issued.certificate}\n{issued.key}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
