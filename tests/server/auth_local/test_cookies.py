"""The token in cookies, and back."""

from http.cookies import SimpleCookie

import pytest
from starlette.requests import Request, cookie_parser

from trimtab.server.auth.cookies import LARGEST, MOST_PARTS, joined, removal_cookies, token_cookies
from trimtab.server.auth.identify import token_of
from trimtab.server.auth.tokens import BadToken


def request(scheme: str = "http", **headers: str) -> Request:
    """What a caller sends."""
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "scheme": scheme, "path": "/", "server": ("host", 80), "headers": raw})


def sent_back(cookies: tuple[str, ...]) -> dict[str, str]:
    """What a browser makes of them, and the server of what it sends."""
    jar: SimpleCookie = SimpleCookie()
    for cookie in cookies:
        jar.load(cookie)
    return cookie_parser("; ".join(f"{name}={morsel.coded_value}" for name, morsel in jar.items()))


@pytest.mark.parametrize("length", [1, 1000, 3900, 4093, 4094, 8000, 60_000])
def test_a_token_of_any_length_comes_back(length: int) -> None:
    token = "".join("abcdefghij-_."[n % 13] for n in range(length))
    cookies = token_cookies(token, request(), urls=())
    assert joined(sent_back(cookies)) == token
    assert all(len(cookie) <= LARGEST for cookie in cookies)


def test_a_token_beyond_twenty_cookies_is_refused() -> None:
    with pytest.raises(BadToken, match="too long"):
        token_cookies("x" * 100_000, request(), urls=())


def test_parts_are_as_argo_cd_writes_them() -> None:
    first, second = token_cookies("x" * 5000, request(), urls=())
    assert first.startswith('argocd.token="2:x')
    assert second.startswith("argocd.token-1=x")


def test_over_tls_the_cookie_is_for_tls_alone() -> None:
    (cookie,) = token_cookies("t", request(scheme="https"), urls=())
    assert cookie == "argocd.token=t; Path=/; SameSite=Lax; HttpOnly; Secure"


@pytest.mark.parametrize(
    ("host", "secure"),
    [
        ("argocd.example.com", True),
        ("argocd.example.com:443", True),
        ("plain.example.com", False),
        ("127.0.0.1", False),
    ],
)
def test_behind_an_ingress_that_ends_tls(host: str, secure: bool) -> None:
    urls = ("https://argocd.example.com", "http://plain.example.com")
    (cookie,) = token_cookies("t", request(host=host), urls=urls)
    assert cookie.endswith("; Secure") == secure


@pytest.mark.parametrize(
    ("cookies", "token"),
    [
        ({}, ""),
        ({"argocd.token-1": "b"}, ""),
        ({"argocd.token": "a.b.c"}, "a.b.c"),
        ({"argocd.token": "a.b.c", "argocd.token-1": "left over from a longer one"}, "a.b.c"),
        ({"argocd.token": "1:a.b.c"}, "a.b.c"),
        ({"argocd.token": "2:a.", "argocd.token-1": "b.c"}, "a.b.c"),
        ({"argocd.token": "2:a."}, ""),
        ({"argocd.token": "3:a.", "argocd.token-1": "b."}, ""),
        ({"argocd.token": "2:", "argocd.token-1": "b."}, ""),
        ({"argocd.token": "0:a"}, ""),
        ({"argocd.token": "-1:a"}, ""),
        ({"argocd.token": "21:a"}, ""),
        ({"argocd.token": "99999999999:a"}, ""),
        ({"argocd.token": "٣:a"}, ""),
        ({"argocd.token": ":a"}, ""),
        ({"argocd.token": "x:a"}, ""),
    ],
)
def test_parts_are_joined_or_there_is_no_token(cookies: dict[str, str], token: str) -> None:
    assert joined(cookies) == token


def test_logging_out_removes_every_part() -> None:
    cookie = "argocd.token=2:a; argocd.token-1=b; argocd.token-19=z; argocd.token-20=z; other=c"
    names = [line.partition("=")[0] for line in removal_cookies(request(cookie=cookie), urls=())]
    assert names == ["argocd.token", "argocd.token-1", "argocd.token-19"]
    assert MOST_PARTS == 20


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, ""),
        ({"authorization": "Bearer a.b.c"}, "a.b.c"),
        ({"authorization": "Bearer   a.b.c  "}, "a.b.c"),
        ({"authorization": "Bearer a.b.c", "cookie": "argocd.token=d.e.f"}, "a.b.c"),
        ({"authorization": "Basic a.b.c", "cookie": "argocd.token=d.e.f"}, "d.e.f"),
        ({"authorization": "Bearer opaque", "cookie": "argocd.token=d.e.f"}, "d.e.f"),
        ({"authorization": "a.b.c"}, ""),
        ({"authorization": "Bearer"}, ""),
        ({"cookie": "argocd.token=opaque"}, ""),
        ({"cookie": "\xff\xfe; argocd.token"}, ""),
        ({"cookie": 'argocd.token="2:a.b"; argocd.token-1=.c'}, "a.b.c"),
    ],
)
def test_the_token_is_the_bearer_s_or_the_cookie_s(headers: dict[str, str], token: str) -> None:
    assert token_of(request(**headers)) == token
