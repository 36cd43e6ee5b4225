"""Which credentials reach a repository: its own before a template's, a project's own before everybody's."""

import base64
from typing import Any

from trimtab.model.credentials import read_credentials

URL = "https://git.acme.example/shop.git"


def a_secret(kind: str, url: str, **data: str) -> dict[str, Any]:
    values = {"url": url, **data}
    return {
        "metadata": {"labels": {"argocd.argoproj.io/secret-type": kind}},
        "data": {name: base64.b64encode(value.encode()).decode() for name, value in values.items()},
    }


def password(*secrets: dict[str, Any], url: str = URL, project: str = "") -> str:
    return read_credentials(secrets, known_hosts=None, certificates=None).access(url, project=project).password


def test_however_the_url_is_spelled() -> None:
    mine = a_secret("repository", URL, password="mine")
    assert password(mine, url="https://GIT.acme.example/shop") == "mine"
    assert password(mine, url="https://git.acme.example/other.git") == ""


def test_the_longest_prefix_is_inherited() -> None:
    short, long = (a_secret("repo-creds", url, password=url) for url in ("https://git.acme.example", URL[:-6]))
    assert password(short, long) == URL[:-6]
    assert password(short, long, a_secret("repository", URL)) == URL[:-6]
    assert password(short, long, a_secret("repository", URL, password="mine")) == "mine"


def test_a_project_s_own_count_before_everybody_s() -> None:
    everybody, shop = (
        a_secret("repository", URL, password="all"),
        a_secret("repository", URL, password="p", project="shop"),
    )
    assert password(everybody, shop, project="shop") == password(shop, everybody, project="shop") == "p"
    assert password(everybody, shop, project="other") == "all"
    assert password(everybody, shop) == "all"


def test_another_project_s_are_never_used() -> None:
    own, prefix = (a_secret(kind, URL, password="p", project="shop") for kind in ("repository", "repo-creds"))
    for project in ("", "other"):
        assert password(own, project=project) == ""
        assert password(prefix, project=project) == ""
    assert password(prefix, project="shop") == "p"


def test_a_secret_that_is_not_readable_is_left_out() -> None:
    broken = {**a_secret("repository", URL), "data": {"url": "!", "password": "!"}}
    assert password(broken) == ""
