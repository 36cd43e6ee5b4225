import pytest

from trimtab.errors import Stalled
from trimtab.github.endpoints import Endpoints, enterprise, is_loopback


def test_the_defaults_are_github_com() -> None:
    assert Endpoints() == Endpoints(web="https://github.com/", api="https://api.github.com/", ssh_port=22)
    assert Endpoints().origin == "https://api.github.com"


@pytest.mark.parametrize(
    ("base", "web", "api", "ssh"),
    [
        ("", "https://github.com", "https://api.github.com", "github.com"),
        ("https://ghe.example/api/v3/", "https://ghe.example", "https://ghe.example/api/v3", "ghe.example"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com", "https://api.acme.ghe.com", "acme.ghe.com"),
        ("http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v3", "127.0.0.1"),
    ],
)  # fmt: skip
def test_an_enterprise_base_url_tells_the_rest(base: str, web: str, api: str, ssh: str) -> None:
    found = enterprise(base)
    assert (found.web, found.api, found.ssh_host) == (web, api, ssh)


@pytest.mark.parametrize(
    "url",
    [
        "http://github.example.com",
        "http://localhost.example.com",
        "ftp://github.com",
        "https://",
        "https://me:secret@github.com",
        "https://github.com?x=1",
        "https://github.com:port",
        "github.com",
    ],
)
def test_what_is_no_safe_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Stalled) as refused:
        Endpoints(api=url)
    assert refused.value.reason == "InvalidEndpoint"
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "github.localhost", "GitHub.Localhost."]
)
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost.example.com", "github.com", "", "127.0.0.1.example.com"])
def test_elsewhere(host: str) -> None:
    assert not is_loopback(host)
