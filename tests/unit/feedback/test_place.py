"""Which repositories an environment tells about."""

import pytest

from tests.unit.feedback.builders import a_place


@pytest.mark.parametrize(
    ("url", "repo"),
    [
        ("https://github.com/acme/infra.git", "acme/infra"),
        ("https://GitHub.com/Acme/Infra/", "acme/infra"),
        ("https://me:token@github.com/acme/infra", "acme/infra"),
        ("git@github.com:acme/infra.git", "acme/infra"),
        ("ssh://git@github.com:22/acme/infra.git", "acme/infra"),
        ("https://github.com/other/infra", ""),
        ("https://github.com/acme", ""),
        ("https://github.com/acme/infra/extra", ""),
        ("https://github.com.evil.example/acme/infra", ""),
        ("https://evil.example/github.com/acme/infra", ""),
        ("git@evil.example:acme/infra.git", ""),
        ("http://github.com/acme/infra", ""),
        ("/srv/git/acme/infra.git", ""),
        ("file:///acme/infra", ""),
    ],
)
def test_repositories_of_the_organization_on_its_github(url: str, repo: str) -> None:
    assert a_place().repository(url) == repo


def test_a_github_on_loopback() -> None:
    place = a_place("http://127.0.0.1:8080", "127.0.0.1")
    assert place.repository("http://127.0.0.1:8080/acme/infra.git") == "acme/infra"
    assert place.repository("ssh://git@127.0.0.1:2222/acme/infra.git") == "acme/infra"
    assert place.repository("http://127.0.0.1:8081/acme/infra.git") == ""


def test_what_an_application_is_called() -> None:
    assert a_place().called("argocd", "shop") == "shop"
    assert a_place().called("team-a", "shop") == "team-a/shop"
