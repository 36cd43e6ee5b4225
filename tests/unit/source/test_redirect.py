"""Which redirects may be followed with credentials."""

import pytest

from trimtab.source.redirect import redirected

SERVICE = "/info/refs?service=git-upload-pack"


@pytest.mark.parametrize(
    ("url", "location", "expected"),
    [
        ("https://x.org/a", f"https://x.org/a.git{SERVICE}", "https://x.org/a.git"),
        ("https://x.org/a", f"/b.git{SERVICE}", "https://x.org/b.git"),
        ("http://x.org/a", f"https://x.org/a{SERVICE}", "https://x.org/a"),
        ("https://x.org:8443/a", f"https://x.org:8443/b{SERVICE}", "https://x.org:8443/b"),
        ("https://x.org/a", f"http://x.org/a{SERVICE}", None),
        ("https://x.org/a", f"https://y.org/a{SERVICE}", None),
        ("https://x.org/a", f"https://x.org.evil.org/a{SERVICE}", None),
        ("https://x.org/a", f"https://x.org@evil.org/a{SERVICE}", None),
        ("https://x.org/a", f"//evil.org/a{SERVICE}", None),
        ("https://x.org/a", f"https://x.org:8443/a{SERVICE}", None),
        ("http://x.org:8080/a", f"https://x.org/a{SERVICE}", None),
        ("https://x.org/a", "https://x.org/login", None),
        ("https://x.org/a", f"https://user@x.org/b{SERVICE}", "https://x.org/b"),
    ],
)
def test_only_the_same_host_and_nothing_less_safe(url: str, location: str, expected: str | None) -> None:
    trace = f"10:00:00.1 http.c:715  <= Recv header: HTTP/1.1 301\n10:00:00.1 <= Recv header: Location: {location}\n"
    assert redirected(url, trace) == expected


def test_no_location_is_no_redirect() -> None:
    assert redirected("https://x.org/a", "<= Recv header: HTTP/1.1 404\n") is None
