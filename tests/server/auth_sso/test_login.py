"""The login itself: states, cookies, redirects, and people who try what they should not."""

import json
from collections.abc import Callable
from urllib.parse import quote

import aiohttp
import pytest

from tests.server.auth_sso.place import KEY, Place, a_place
from tests.server.auth_sso.test_github import dex
from tests.server.auth_sso.visitor import Visitor, query_of
from trimtab.fakegithub.applications import OAuthApp
from trimtab.fakegithub.server import FakeGitHub
from trimtab.server.auth.sealing import Seal

OVER = "This login is over, or was begun in another browser"


@pytest.fixture(autouse=True)
def configured(place: Place, github: FakeGitHub, app: OAuthApp) -> None:
    place.configure(dex__config=dex(github, app))


async def test_a_state_counts_once(ada: Visitor) -> None:
    cookie_before = await _begun_and_back(ada)
    back, cookie = cookie_before
    assert (await ada.get(back)).status == 303
    ada.session.cookie_jar.update_cookies({"argocd.login": cookie})
    arrival = await ada.get(back)
    assert (arrival.status, OVER in arrival.text) == (400, True)


async def test_a_code_counts_once_even_where_the_state_was_not_seen(place: Place, ada: Visitor) -> None:
    """At another replica, with the cookie kept: GitHub does not take the code again."""
    back, cookie = await _begun_and_back(ada)
    assert (await ada.get(back)).status == 303
    ada.session.cookie_jar.update_cookies({"argocd.login": cookie})
    async with a_place(place.configuration) as other:
        arrival = await ada.get(back.replace(place.url, other.url))
    assert (arrival.status, "does not confirm this login" in arrival.text) == (403, True)


async def test_a_state_is_of_the_browser_that_began(
    place: Place, ada: Visitor, visitors: Callable[[str], Visitor]
) -> None:
    """Somebody cannot make others log in as them."""
    back, _ = await _begun_and_back(ada)
    victim = visitors(place.url)
    assert (await victim.get(back)).status == 400
    await victim.begin()
    assert (await victim.get(back)).status == 400
    assert not victim.cookie("argocd.token")


async def test_a_state_lasts_ten_minutes(place: Place, ada: Visitor) -> None:
    back, _ = await _begun_and_back(ada)
    place.clock.step(601)
    assert (await ada.get(back)).status == 400


async def test_a_made_up_state_is_none(ada: Visitor) -> None:
    for state in ("", "x", "x" * 43, "a.b", "%00", "é"):
        await ada.begin()
        arrival = await ada.get(f"/auth/callback?code=c&state={quote(state)}")
        assert (arrival.status, OVER in arrival.text) == (400, True), state


async def test_a_cookie_that_was_sealed_for_something_else_is_none(ada: Visitor) -> None:
    for value in ("", "x", "AAAA" * 40, Seal((KEY.encode(),), "command line code").seal(b"{}", bound_to="s"), "é"):
        headers = {"cookie": f"argocd.login={quote(value)}"}
        assert (await ada.get("/auth/callback?code=c&state=s", **headers)).status == 400


async def test_the_cookie_is_for_this_login_only(place: Place, ada: Visitor) -> None:
    arrival = await ada.get("/auth/login")
    (cookie,) = arrival.set_cookies
    assert cookie.startswith("argocd.login=")
    assert cookie.endswith("; Path=/; SameSite=Lax; HttpOnly; Max-Age=600")
    state = query_of(arrival.location)["state"]
    assert state not in cookie, "what the browser keeps does not tell the state"
    back = await ada.consent(arrival.location, "ada")
    done = await ada.get(back)
    assert done.set_cookies[0] == "argocd.login=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0"
    assert "HttpOnly" in done.set_cookies[1]


async def test_under_https_no_neighbour_can_set_the_cookie(place: Place, github: FakeGitHub, app: OAuthApp) -> None:
    place.configure(url="https://argocd.example.com", dex__config=dex(github, app))
    async with aiohttp.ClientSession() as session:
        headers = {"host": "argocd.example.com"}
        async with session.get(f"{place.url}/auth/login", headers=headers, allow_redirects=False) as response:
            cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-argocd.login=")
    assert "; Secure" in cookie


async def test_people_are_sent_back_to_configured_urls_only(place: Place, ada: Visitor) -> None:
    for host in ("evil.example", "127.0.0.1:1", "argocd.example.com@evil.example", "evil.example:443"):
        arrival = await ada.get("/auth/login", host=host, **{"x-forwarded-host": host})
        assert query_of(arrival.location)["redirect_uri"] == f"{place.url}/api/dex/callback"


async def test_people_are_sent_back_where_they_came_from(
    place: Place, ada: Visitor, github: FakeGitHub, app: OAuthApp
) -> None:
    more = json.dumps(["https://argocd.internal:8443/argo"])
    place.configure(dex__config=dex(github, app), additionalUrls=more)
    for host, base in (("argocd.internal:8443", "https://argocd.internal:8443/argo"), ("else.example", place.url)):
        arrival = await ada.get("/auth/login", host=host)
        assert query_of(arrival.location)["redirect_uri"] == f"{base}/api/dex/callback"


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https://evil.example/applications",
    "http:/evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "\t//evil.example",
    "/%2f/evil.example",
    "/%5cevil.example",
    "%2f%2fevil.example",
    "evil.example",
    "applications",
    "@evil.example",
    ".evil.example",
    ":443@evil.example",
    "/a\r\nset-cookie: x=y",
    "/a\x00b",
    "/ä",
    "/" + "a" * 3000,
]


BESIDE_OURS = [".evil.example", "@evil.example", ":1/", "1", "\\@evil.example", "//evil.example"]
"""What makes another URL of ours when it is put behind it."""


async def test_a_login_does_not_lead_elsewhere(place: Place, ada: Visitor) -> None:
    for wanted in (*ELSEWHERE, *(place.url + suffix for suffix in BESIDE_OURS)):
        arrival = await ada.get(f"/auth/login?return_url={quote(wanted, safe='')}")
        assert (arrival.status, arrival.location) == (400, ""), wanted
        assert "evil" not in arrival.text


async def test_a_login_leads_to_pages_of_this_server(place: Place, ada: Visitor) -> None:
    for wanted, path in (
        ("", "/"),
        ("/", "/"),
        ("/applications/argocd/shop?view=tree&resource=", "/applications/argocd/shop?view=tree&resource="),
        ("/a//b", "/a//b"),
        (place.url, "/"),
        (f"{place.url}/applications", "/applications"),
        (f"{place.url}?x=1", "/?x=1"),
    ):
        arrival = await ada.log_in("ada", return_url=wanted)
        assert (arrival.status, arrival.location) == (303, path)


async def test_who_cancels_stays_out(ada: Visitor) -> None:
    page = await ada.begin(return_url="/applications?a=1")
    arrival = await ada.get(await ada.consent(page, "ada", cancel=True))
    assert (arrival.status, "The login was cancelled" in arrival.text) == (403, True)
    assert 'href="/login?return_url=%2Fapplications%3Fa%3D1"' in arrival.text


async def test_what_a_provider_says_of_an_error_is_not_shown(ada: Visitor) -> None:
    state = query_of(await ada.begin())["state"]
    arrival = await ada.get(f"/auth/callback?state={state}&error=%3Cscript%3E&error_description=call+555+now")
    assert arrival.status == 403
    assert "script" not in arrival.text
    assert "555" not in arrival.text


async def test_several_connectors_leave_the_choice(
    place: Place, github: FakeGitHub, app: OAuthApp, ada: Visitor
) -> None:
    connectors = json.loads(dex(github, app))["connectors"]
    second = {**connectors[0], "id": "second", "name": "<b>Second"}
    place.configure(dex__config=json.dumps({"connectors": [*connectors, second]}))
    arrival = await ada.get("/auth/login?return_url=/applications%3Fa%3D1")
    assert arrival.status == 200
    assert "Log in with &lt;b&gt;Second" in arrival.text
    assert 'href="/auth/login?return_url=%2Fapplications%3Fa%3D1&amp;connector=second"' in arrival.text
    assert (await ada.log_in("ada", connector="second")).status == 303
    assert (await ada.get("/auth/login?connector=third")).status == 200


async def test_without_single_sign_on_it_says_so(place: Place, ada: Visitor) -> None:
    place.configure()
    arrival = await ada.get("/auth/login")
    assert (arrival.status, "not set up here" in arrival.text) == (404, True)
    assert (await ada.get("/auth/callback?state=x&code=y")).status == 400


async def test_pages_run_no_script_and_are_kept_by_nobody(ada: Visitor) -> None:
    async with ada.session.get(f"{ada.base}/auth/callback") as response:
        assert "script-src 'self'" in response.headers["content-security-policy"]
        assert response.headers["cache-control"] == "no-store"
        assert response.content_type == "text/html"


async def test_a_broken_configuration_keeps_the_last_good_one(
    place: Place, github: FakeGitHub, app: OAuthApp, ada: Visitor
) -> None:
    await ada.log_in("ada")
    place.configure(dex__config="connectors: [")
    assert (await ada.me())["loggedIn"]
    assert (await ada.log_in("ada")).status == 303
    assert place.problems
    place.configure(dex__config=dex(github, app))
    assert place.problems == ()


async def test_a_broken_configuration_lets_nobody_in_whom_it_would_not(
    place: Place, github: FakeGitHub, app: OAuthApp, visitors: Callable[[str], Visitor]
) -> None:
    """It takes an organisation away, and adds one with a mistake."""
    github.world.organisation("shop", "mallory")
    place.configure(dex__config=dex(github, app, {"name": "acme"}, {"name": "shop"}))
    broken = json.loads(dex(github, app, {"name": "acme"}))
    broken["connectors"].append({"type": "ldap", "id": "ldap", "name": "LDAP"})
    place.configure(dex__config=json.dumps(broken))
    assert place.problems == (
        "dex.config: connectors[1].type: ldap is not served without Dex: use github or oidc, or oidc.config",
    )
    assert (await visitors(place.url).log_in("ada")).status == 303
    assert (await visitors(place.url).log_in("mallory")).status == 403


async def test_a_server_that_starts_on_a_broken_configuration_serves_what_it_can_read(
    place: Place, github: FakeGitHub, app: OAuthApp, ada: Visitor
) -> None:
    broken = json.loads(dex(github, app))
    broken["connectors"].append({"type": "ldap", "id": "ldap", "name": "LDAP"})
    place.configure(dex__config=json.dumps(broken))
    async with a_place(place.configuration) as other:
        assert list(other.served.sign_on.connectors) == ["github"]


async def test_a_changed_secret_counts_at_once(
    place: Place, github: FakeGitHub, app: OAuthApp, visitors: Callable[[str], Visitor]
) -> None:
    place.configure(dex__config=dex(github, app, clientSecret="$dex.github.clientSecret"))
    assert "dex.github.clientSecret is not there" in place.problems[0]
    place.secret(**{"dex.github.clientSecret": f"{app.client_secret}\n"})
    assert place.problems == ()
    assert (await visitors(place.url).log_in("ada")).status == 303


async def test_a_secret_that_is_not_argo_cds_is_not_read(place: Place, github: FakeGitHub, app: OAuthApp) -> None:
    place.configuration.write("Secret", "database", {"password": app.client_secret}, labels={})
    place.configure(dex__config=dex(github, app, clientSecret="$database:password"))
    assert "label app.kubernetes.io/part-of: argocd" in place.problems[0]
    assert app.client_secret not in str(place.problems)


async def test_who_fails_all_the_time_has_to_wait(place: Place, github: FakeGitHub, ada: Visitor) -> None:
    for _ in range(50):
        state = query_of(await ada.begin())["state"]
        assert (await ada.get(f"/auth/callback?state={state}&code=guess")).status == 403
    asked = len(github.requests)
    state = query_of(await ada.begin())["state"]
    assert (await ada.get(f"/auth/callback?state={state}&code=guess")).status == 429
    assert len(github.requests) == asked


async def test_every_login_leaves_a_line_in_the_audit_log(
    ada: Visitor, github: FakeGitHub, visitors: Callable[[str], Visitor], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "trimtab.audit")
    await ada.log_in("ada")
    await visitors(ada.base).log_in("mallory")
    lines = [json.loads(one.getMessage()) for one in caplog.records if one.name == "trimtab.audit"]
    number = str(github.world.users["ada"].id)
    assert [(line["who"], line["allowed"], line["from"]) for line in lines] == [
        (number, True, "127.0.0.1"),
        ("", False, "127.0.0.1"),
    ]
    assert not any(token in caplog.text for token in github.world.tokens)


async def _begun_and_back(visitor: Visitor) -> tuple[str, str]:
    """(where the provider sends the person back to, the cookie of the login)"""
    back = await visitor.consent(await visitor.begin(), "ada")
    return back, visitor.cookie("argocd.login")
