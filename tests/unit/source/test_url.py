"""Which repository URLs are allowed, and what they are taken apart into."""

import pytest

from trimtab.errors import Stalled
from trimtab.source.url import parse_url, without_credentials

# text: what git is given | key of the mirror
GOOD = """
https://github.com/acme/shop.git            : https://github.com/acme/shop.git   | https://github.com/acme/shop
https://GitHub.com/acme/shop                : https://github.com/acme/shop       | https://github.com/acme/shop
https://github.com:443/acme/shop/           : https://github.com/acme/shop/      | https://github.com/acme/shop
https://ada:s3cret@github.com/acme/shop     : https://github.com/acme/shop       | https://github.com/acme/shop
https://git.example.org:8443/a.git?x=1      : https://git.example.org:8443/a.git?x=1 | https://git.example.org:8443/a?x=1
http://127.0.0.1:3000/a                     : http://127.0.0.1:3000/a            | http://127.0.0.1:3000/a
https://[::1]:3000/a                        : https://[::1]:3000/a               | https://[::1]:3000/a
git@github.com:acme/shop.git                : git@github.com:acme/shop.git       | ssh://git@github.com/acme/shop
git@GitHub.com:acme/shop                    : git@GitHub.com:acme/shop           | ssh://git@github.com/acme/shop
ssh://git@github.com/acme/shop.git          : ssh://git@github.com/acme/shop.git | ssh://git@github.com/acme/shop
ssh://git@github.com:22/acme/shop           : ssh://git@github.com/acme/shop     | ssh://git@github.com/acme/shop
ssh://git@127.0.0.1:2222/srv/shop.git       : ssh://git@127.0.0.1:2222/srv/shop.git | ssh://git@127.0.0.1:2222/srv/shop
ssh://git:ignored@github.com/acme/shop      : ssh://git@github.com/acme/shop     | ssh://git@github.com/acme/shop
example.org:shop                            : example.org:shop                   | ssh://example.org/shop
/srv/git/shop.git                           : file:///srv/git/shop.git           | file:///srv/git/shop.git
/srv//git/./shop.git/                       : file:///srv/git/shop.git           | file:///srv/git/shop.git
file:///srv/git/shop                        : file:///srv/git/shop               | file:///srv/git/shop
"""

BAD = [
    "",
    "   ",
    "shop",
    "./shop",
    "ftp://example.org/shop",
    "git://example.org/shop",
    "ext::sh -c touch% /tmp/owned",
    "ext::touch",
    "fd::17/foo",
    "--upload-pack=touch",
    "-oProxyCommand=touch:shop",
    "ssh://-oProxyCommand=touch/shop",
    "ssh://-l@example.org/shop",
    "ssh://git@example.org/-shop",
    "git@example.org:-shop",
    "https://example.org/shop\n--upload-pack=touch",
    "https://example.org/%0ashop",
    "https://example.org/%00",
    "https://-example.org/shop",
    "https:///shop",
    "https://exa mple.org/shop",
    "https://example.org:port/shop",
    "https://[::1/shop",
    "file://example.org/shop",
    "/srv/../etc",
    "git@exam'ple.org:shop",
    "git@$(touch x):shop",
    "https://user:pa@ss@example.org:x/shop",
]


@pytest.mark.parametrize("line", GOOD.strip().splitlines())
def test_an_allowed_url(line: str) -> None:
    text, _, rest = line.partition(" : ")
    url, key = (part.strip() for part in rest.split(" | "))
    parsed = parse_url(text.strip())
    assert (parsed.url, parsed.key) == (url, key)
    assert "/" not in parsed.folder
    assert not parsed.folder.startswith((".", "-"))


@pytest.mark.parametrize("text", BAD)
def test_a_refused_url(text: str) -> None:
    with pytest.raises(Stalled, match=r"^repository URL ['\"].*['\"] cannot be used: .*; correct repoURL$") as caught:
        parse_url(text)
    assert caught.value.reason == "InvalidURL"
    assert "pa@ss" not in caught.value.message


def test_the_login_in_a_url_is_taken_out_of_it() -> None:
    parsed = parse_url("https://ada:p%40ss@github.com/acme/shop")
    assert (parsed.username, parsed.password) == ("ada", "p@ss")
    assert "p@ss" not in repr(parsed)


def test_different_repositories_have_different_folders() -> None:
    texts = ["https://a.org/b-c", "https://a.org/b/c", "http://a.org/b/c", "https://a.org/B/c", "ssh://a.org/b/c"]
    assert len({parse_url(text).folder for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:secret@x.org/a", "https://x.org/a"),
        ("https://token@x.org/a?private_token=secret", "https://x.org/a"),
        ("ssh://git:secret@x.org/a", "ssh://git@x.org/a"),
        ("ssh://git@x.org/a", "ssh://git@x.org/a"),
        ("git@x.org:a", "git@x.org:a"),
    ],
)
def test_what_is_shown_has_no_secret(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
