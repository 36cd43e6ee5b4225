"""Which credentials reach a repository: its own before a template's, a project's own before everybody's."""

import base64
from typing import Any

from trimtab.model.credentials import read_credentials
from trimtab.model.repository import GitHubAppLogin

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


SSH = "git@git.acme.example:shop.git"
APP = {
    "githubAppID": "12",
    "githubAppInstallationID": "7",
    "githubAppPrivateKey": "pem",
    "githubAppEnterpriseBaseUrl": "https://git.acme.example/api/v3",
}


def test_a_github_app_is_a_credential_and_is_inherited() -> None:
    certificates = {"data": {"git.acme.example": "ca"}}
    secrets = [a_secret("repository", URL), a_secret("repo-creds", "https://git.acme.example", **APP)]
    found = read_credentials(secrets, known_hosts=None, certificates=certificates).access(URL)
    assert found.github_app == GitHubAppLogin(
        app_id="12",
        private_key="pem",
        installation_id="7",
        base_url="https://git.acme.example/api/v3",
        ca_pem="ca",
    )
    assert "pem" not in repr(found.github_app)


def test_what_is_missing_of_an_app_is_no_reason_to_go_without() -> None:
    found = read_credentials([a_secret("repository", URL, githubAppID="12")], known_hosts=None, certificates=None)
    assert found.access(URL).github_app == GitHubAppLogin(app_id="12", private_key="")


def test_a_second_way_has_the_credentials_of_its_url() -> None:
    own = a_secret("repository", SSH, sshPrivateKey="key", project="shop")
    own["metadata"]["annotations"] = {"trimtab.dev/fallback-url": URL}
    other = a_secret("repository", URL, password="p", project="shop")
    other["metadata"]["annotations"] = {"trimtab.dev/fallback-url": SSH}
    known = read_credentials([own, other], known_hosts={"data": {"ssh_known_hosts": "line"}}, certificates=None)
    found = known.access(SSH, project="shop")
    assert (found.ssh_private_key, found.known_hosts) == ("key", "line")
    assert found.fallback is not None
    assert (found.fallback.url, found.fallback.password, found.fallback.fallback) == (URL, "p", None)
    assert known.access(SSH).fallback is None
