"""Signed tokens: what we sign we accept, and nothing else."""

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from trimtab.server.auth import tokens
from trimtab.server.auth.tokens import BadToken, Claims, issuer_of, mint, verify

KEY = b"0123456789abcdef0123456789abcdef"
NOW = 1_000_000
CLAIMS = Claims(iss="argocd", sub="ada:login", iat=NOW, nbf=NOW, exp=NOW + 60, jti="one")
TOKEN = mint(CLAIMS, KEY)


def forged(header: dict[str, Any], payload: object = None, signature: str = "") -> str:
    """A token put together by hand."""
    parts = [header, {"iss": "argocd", "sub": "admin", "iat": NOW, "jti": "x"} if payload is None else payload]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, signature])


def signed(claims: dict[str, Any], **header: str) -> str:
    """A token with our key, and whatever claims."""
    return jwt.encode({"alg": "HS256", **header}, claims, OctKey.import_key(KEY))


def test_what_is_minted_is_verified() -> None:
    assert verify(TOKEN, (KEY,), now=NOW) == CLAIMS


def test_a_token_of_argo_cd_is_verified() -> None:
    """Its key is text in base64 and used as it stands; the header's names are in the order that Go writes."""
    key = b"dGhlIGtleSBvZiB0aGlzIHRlc3QgaXMgbm8gc2VjcmV0"
    token = (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
        ".eyJpc3MiOiJhcmdvY2QiLCJzdWIiOiJhZG1pbjpsb2dpbiIsImV4cCI6MTAwMDA2MCwibmJmIjoxMDAwMDAwLCJpYXQiOjEwMDAwMDAsImp0aSI6Im9uZSJ9"
        "."
    )
    import hashlib
    import hmac

    digest = hmac.new(key, token[:-1].encode(), hashlib.sha256).digest()
    claims = verify(token + base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), (key,), now=NOW)
    assert (claims.sub, claims.exp, claims.jti) == ("admin:login", NOW + 60, "one")


def test_claims_beyond_ours_survive() -> None:
    sso = Claims(
        iss="https://argocd.example.com/api/dex",
        sub="Cg",
        iat=NOW,
        groups=("acme:platform",),
        federated_claims={"user_id": "7", "connector_id": "github"},
        other={"org_id": 5, "nested": {"a": [1]}},
    )
    assert verify(mint(sso, KEY), (KEY,), now=NOW, issuer=sso.iss) == sso


def test_other_claims_cannot_stand_in_for_ours() -> None:
    claims = Claims(iss="argocd", sub="ada:login", iat=NOW, other={"sub": "admin"})
    assert verify(mint(claims, KEY), (KEY,), now=NOW).sub == "ada:login"


@pytest.mark.parametrize(
    ("header", "signature"),
    [
        ({"alg": "none"}, ""),
        ({"alg": "None"}, ""),
        ({"alg": "nOnE"}, "e30"),
        ({"alg": "HS256"}, ""),
        ({"alg": "HS256"}, "e30"),
        ({"alg": "RS256"}, "e30"),
        ({"alg": "HS384"}, "e30"),
        ({"alg": ["HS256"]}, "e30"),
        ({"alg": None}, "e30"),
        ({}, "e30"),
        ({"alg": "HS256", "crit": ["b64"], "b64": False}, "e30"),
        ({"alg": "HS256", "jwk": {"kty": "oct", "k": "AA"}}, "e30"),
        ({"alg": "HS256", "x": "y" * 2000}, "e30"),
    ],
)
def test_forged_tokens_are_refused(header: dict[str, Any], signature: str) -> None:
    with pytest.raises(BadToken):
        verify(forged(header, signature=signature), (KEY,), now=NOW)


def test_another_algorithm_is_refused_even_with_our_key() -> None:
    token = jwt.encode({"alg": "HS512"}, {"iss": "argocd", "iat": NOW}, OctKey.import_key(KEY), ["HS512"])
    with pytest.raises(BadToken):
        verify(token, (KEY,), now=NOW)
    rsa = RSAKey.generate_key(2048)
    with pytest.raises(BadToken):
        verify(jwt.encode({"alg": "RS256"}, {"iss": "argocd", "iat": NOW}, rsa), (KEY,), now=NOW)


@pytest.mark.parametrize("key", [b"another key, as long as ours is.", b""])
def test_another_key_is_refused(key: bytes) -> None:
    with pytest.raises(BadToken):
        verify(TOKEN, (key,), now=NOW)


def test_nothing_is_signed_without_a_key() -> None:
    with pytest.raises(BadToken, match="secretkey"):
        mint(CLAIMS, b"")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "argocd", "iat": NOW, "exp": NOW}, "expired"),
        ({"iss": "argocd", "iat": NOW, "exp": 1}, "expired"),
        ({"iss": "argocd", "iat": NOW, "exp": NOW - 0.5}, "expired"),
        ({"iss": "argocd", "iat": NOW, "nbf": NOW + 31}, "not valid yet"),
        ({"iss": "argocd", "iat": NOW + 31}, "not valid yet"),
        ({"iss": "argocd"}, "when it was issued"),
        ({"iss": "https://elsewhere", "iat": NOW}, "another issuer"),
        ({"iat": NOW}, "another issuer"),
        ({"iss": "argocd", "iat": "now"}, "wrong type"),
        ({"iss": "argocd", "iat": True}, "wrong type"),
        ({"iss": "argocd", "iat": 1e300}, "wrong type"),
        ({"iss": ["argocd"], "iat": NOW}, "wrong type"),
        ({"iss": "argocd", "iat": NOW, "sub": {"a": 1}}, "wrong type"),
    ],
)
def test_claims_that_do_not_hold_are_refused(claims: dict[str, Any], why: str) -> None:
    with pytest.raises(BadToken, match=why):
        verify(signed(claims), (KEY,), now=NOW)


def test_clocks_may_be_apart_a_little() -> None:
    assert verify(TOKEN, (KEY,), now=NOW - 30).sub == "ada:login"


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", TOKEN + "." + TOKEN, "." * 2])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        verify(text, (KEY,), now=NOW)
    with pytest.raises(BadToken):
        issuer_of(text)


def test_a_truncated_token_is_refused() -> None:
    for length in range(len(TOKEN)):
        with pytest.raises(BadToken):
            verify(TOKEN[:length], (KEY,), now=NOW)


def test_no_other_spelling_of_a_signature_counts() -> None:
    """The last character holds two bits that mean nothing: a lenient decoder would take four spellings."""
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \n":
        if last != TOKEN[-1]:
            with pytest.raises(BadToken):
                verify(TOKEN[:-1] + last, (KEY,), now=NOW)


def test_a_huge_token_is_not_looked_at() -> None:
    huge = f"{'A' * 1_000_000}.{'A' * 1_000_000}.A"
    for check in (lambda: verify(huge, (KEY,), now=NOW), lambda: issuer_of(huge)):
        with pytest.raises(BadToken, match="too long"):
            check()


def test_deep_nesting_is_refused() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 20_000).rstrip(b"=").decode()
    with pytest.raises(BadToken):
        issuer_of(f"e30.{deep}.e30")
    with pytest.raises(BadToken):
        verify(f"{deep[:600]}.{deep}.e30", (KEY,), now=NOW)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_comes_is_refused_cleanly(head: str, payload: str, signature: str) -> None:
    with pytest.raises(BadToken):
        verify(f"{head}.{payload}.{signature}", (KEY,), now=NOW)


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_whatever_payload_is_refused_cleanly(payload: Any) -> None:
    with pytest.raises(BadToken):
        verify(forged({"alg": "HS256"}, payload or [], "e30"), (KEY,), now=NOW)
    with contextlib.suppress(BadToken):
        issuer_of(forged({"alg": "HS256"}, payload or [], "e30"))


@given(
    st.dictionaries(
        st.sampled_from([*tokens.KNOWN, "x"]), st.none() | st.integers() | st.floats() | st.text() | st.lists(st.text())
    )
)
def test_whatever_claims_we_sign_are_read_or_refused(claims: dict[str, Any]) -> None:
    try:
        assert verify(signed(claims), (KEY,), now=NOW).iss == "argocd"
    except BadToken as error:
        assert "token" in str(error)
