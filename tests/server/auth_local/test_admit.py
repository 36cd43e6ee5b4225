"""Does the account, or the project's role, still stand behind a token?"""

import datetime as dt
from typing import Any

import pytest

from trimtab.access.accounts import Account, Accounts, AccountToken
from trimtab.access.subject import Subject
from trimtab.model.application import Metadata
from trimtab.model.appproject import AppProject, AppProjectSpec, AppProjectStatus, JwtToken, JwtTokens, ProjectRole
from trimtab.server.auth.sessions import admit, is_session
from trimtab.server.auth.tokens import BadToken, Claims

NOW = 1_000_000
ADA = Account(
    name="ada",
    capabilities=("login", "apiKey"),
    password_changed=dt.datetime.fromtimestamp(NOW, dt.UTC),
    tokens=(AccountToken(id="ci", iat=NOW),),
)
ACCOUNTS = Accounts(
    {
        "ada": ADA,
        "bot": Account(name="bot", capabilities=("apiKey",), tokens=(AccountToken(id="x", iat=NOW),)),
        "eve": Account(name="eve", capabilities=("login",), enabled=False),
        "proj": Account(name="proj", capabilities=("login",)),
    }
)
ROLES = (
    ProjectRole(name="ci", jwt_tokens=(JwtToken(iat=NOW, id="one"), JwtToken(iat=NOW - 5))),
    ProjectRole(name="cd"),
    ProjectRole(name="none"),
)
PROJECT = AppProject(
    api_version="argoproj.io/v1alpha1",
    kind="AppProject",
    metadata=Metadata(name="shop"),
    spec=AppProjectSpec(roles=ROLES),
    status=AppProjectStatus(
        jwt_tokens_by_role={
            "cd": JwtTokens(items=(JwtToken(iat=NOW, id="two"),)),
            "gone": JwtTokens(items=(JwtToken(iat=NOW, id="three"),)),
        }
    ),
)


def claims(sub: str, **other: Any) -> Claims:
    return Claims(**{"iss": "argocd", "sub": sub, "iat": NOW, "jti": "some-id", **other})


def admitted(said: Claims) -> Subject:
    return admit(said, ACCOUNTS, {"shop": PROJECT})


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (claims("ada:login"), "ada"),
        (claims("ada"), "ada"),
        (claims("ada:apiKey", jti="ci"), "ada"),
        (claims("bot:apiKey", jti="x"), "bot"),
        (claims("proj:login"), "proj"),
        (claims("proj:shop:ci", jti="one"), "proj:shop:ci"),
        (claims("proj:shop:ci", jti="one", iat=NOW + 7), "proj:shop:ci"),
        (claims("proj:shop:ci", jti="", iat=NOW - 5), "proj:shop:ci"),
        (claims("proj:shop:cd", jti="two"), "proj:shop:cd"),
    ],
)
def test_admitted(said: Claims, name: str) -> None:
    subject = admitted(said)
    assert (subject.name, subject.issuer, subject.issued_at) == (name, "argocd", said.iat)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (claims("nobody:login"), "account nobody does not exist"),
        (claims(""), "does not exist"),
        (claims("ADA:login"), "does not exist"),
        (claims("eve:login"), "account eve is disabled"),
        (claims("bot:login"), "account bot does not have 'login' capability"),
        (claims("ada:login", jti=""), "no id"),
        (claims("ada:login", iat=NOW - 1), "password has changed"),
        (claims("ada:apiKey", jti="ci", iat=NOW - 1), "password has changed"),
        (claims("ada:apiKey", jti="taken-back"), "does not have token with id taken-back"),
        (claims("ada:apiKey", jti=""), "no id"),
        (claims("proj:shop:ci", jti="taken-back"), "does not list this token"),
        (claims("proj:shop:ci", jti="two"), "does not list this token"),
        (claims("proj:shop:none", jti="one"), "does not list this token"),
        (claims("proj:shop:gone", jti="three"), "project shop has no role gone"),
        (claims("proj:other:ci", jti="one"), "project other does not exist"),
    ],
)
def test_refused(said: Claims, why: str) -> None:
    with pytest.raises(BadToken, match=why):
        admitted(said)


@pytest.mark.parametrize(
    ("said", "is_one"),
    [
        (claims("ada:login", exp=NOW + 1), True),
        (claims("ada", exp=NOW + 1), True),
        (claims("ada:login"), False),
        (claims("ada:apiKey", exp=NOW + 1), False),
        (claims("proj:shop:ci", exp=NOW + 1), False),
        (claims("proj:login", exp=NOW + 1), True),
        (claims("proj:shop:ci", exp=NOW + 1, iss="https://elsewhere"), True),
        (claims("ada:apiKey", exp=NOW + 1, iss="https://elsewhere"), True),
    ],
)
def test_what_a_session_is(said: Claims, is_one: bool) -> None:
    assert is_session(said) is is_one
