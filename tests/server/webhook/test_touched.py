"""Which applications a push touches."""

import pytest

from trimtab.model.keys import AppKey
from trimtab.server.webhook.push import Push
from trimtab.server.webhook.touched import Follower, Source, follower, follows, may_hold, place, touched

URL = "https://git.example.com/acme/apps.git"
SAME = (
    URL,
    "http://git.example.com/acme/apps",
    "https://git.example.com/acme/apps/",
    "https://Git.Example.com/Acme/Apps.git",
    "https://user:secret@git.example.com:8443/acme/apps.git",
    "ssh://git@git.example.com/acme/apps.git",
    "ssh://git@git.example.com:2222/acme/apps.git",
    "git@git.example.com:acme/apps.git",
    "git@git.example.com:/acme/apps.git",
    "git.example.com/acme/apps",
    "oci://git.example.com/acme/apps",
    "https://git.example.com/acme/%61pps?x=y",
)
OTHERS = (
    "https://git.example.com/acme/apps2.git",
    "https://git.example.com/acme",
    "https://git.example.com/mirror/acme/apps",
    "https://git.example.com.evil.example/acme/apps",
    "https://evil.example/git.example.com/acme/apps",
    "https://git.example.com@evil.example/acme/apps",
    "",
    "apps",
    "https://git.example.com/acme/apps\n.git",
    "x" * 100_000,
)


@pytest.mark.parametrize("spelt", SAME)
def test_spellings_of_one_repository(spelt: str) -> None:
    assert place(spelt) == place(URL) == "git.example.com/acme/apps"


@pytest.mark.parametrize("other", OTHERS, ids=lambda text: text[:50])
def test_other_repositories(other: str) -> None:
    assert place(other) != place(URL)


def test_ports_and_addresses() -> None:
    assert place("git@host:2222/acme/apps") == "host/acme/apps"
    assert place("ssh://git@[::1]:22/acme/apps.git") == "[::1]/acme/apps"
    assert place("file:///srv/apps.git") == place("/srv/apps") == "/srv/apps"
    assert place("git@ssh.dev.azure.com:v3/o/p/r") == "ssh.dev.azure.com/v3/o/p/r"


def test_what_may_hold_what() -> None:
    places = [place(URL)]
    assert may_hold("https://git.example.com/acme/apps", places)
    assert may_hold("git.example.com/acme", places)
    assert not may_hold("git.example.com/acm", places)


MAIN, OTHER, TAG, CHART = "refs/heads/main", "refs/heads/feature/x", "refs/tags/v1.4.2", "1.4.2"


@pytest.mark.parametrize(
    ("target", "ref", "default", "expected"),
    [
        ("HEAD", MAIN, "main", True),
        ("", MAIN, "main", True),
        ("HEAD", OTHER, "main", False),
        ("HEAD", OTHER, "", True),
        ("HEAD", TAG, "main", False),
        ("HEAD", TAG, "", False),
        ("main", MAIN, "main", True),
        ("main", "refs/heads/main2", "main", False),
        ("main", "refs/heads/x/main", "main", False),
        ("feature/x", OTHER, "main", True),
        (MAIN, MAIN, "main", True),
        ("refs/tags/main", MAIN, "main", False),
        ("v1.4.2", TAG, "main", True),
        (TAG, TAG, "main", True),
        ("refs/heads/v1.4.2", TAG, "main", False),
        ("1.*", TAG, "main", True),
        (">=1.4 <2", TAG, "main", True),
        ("^2", TAG, "main", False),
        ("*", TAG, "main", True),
        ("*", "refs/tags/nightly", "main", False),
        ("*", MAIN, "main", False),
        ("1.*", "refs/heads/1.4", "main", False),
        ("a" * 40, MAIN, "main", False),
        ("refs/pull/1/head", "refs/pull/1/head", "main", True),
    ],
)
def test_revisions(target: str, ref: str, default: str, expected: bool) -> None:
    source = Source(repo_url=URL, target_revision=target)
    assert follows(source, Push(urls=(URL,), ref=ref, default_branch=default)) is expected


@pytest.mark.parametrize(
    ("target", "version", "expected"),
    [
        ("1.4.2", CHART, True),
        ("1.*", CHART, True),
        ("*", CHART, True),
        ("", CHART, True),
        ("1.4.3", CHART, False),
        ("1.4.2+build", "1.4.2_build", True),
        (">=1.4", "1.4.2_build", True),
        ("2.x", CHART, False),
    ],
)
def test_versions_of_charts(target: str, version: str, expected: bool) -> None:
    source = Source(repo_url="ghcr.io/acme/charts", chart="web", target_revision=target)
    key = AppKey("argocd", "web")
    push = Push(urls=("ghcr.io/acme/charts/web",), ref=version)
    assert touched(push, [Follower(key, (source,))]) == ((key,) if expected else ())


def test_a_tag_prefix() -> None:
    source = Source(repo_url=URL, target_revision="1.*", tag_prefix="web-")
    assert follows(source, Push(urls=(URL,), ref="refs/tags/web-1.2.0"))
    assert not follows(source, Push(urls=(URL,), ref="refs/tags/db-1.2.0"))
    assert not follows(source, Push(urls=(URL,), ref="refs/tags/1.2.0"))


FILES = ("apps/shop/web.yaml", "libs/common/values.yaml", "README.md")


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ("", True),
        (" ; ", True),
        (".", True),
        ("web.yaml", True),
        ("other.yaml", False),
        ("../shop", True),
        ("../bank", False),
        ("/libs", True),
        ("/libs/common", True),
        ("/libs/com", False),
        ("/lib", False),
        ("/", True),
        (".;/libs", True),
        ("sub;/docs", False),
        ("*.yaml", True),
        ("*.json", False),
        ("/libs/*/values.yaml", True),
        ("/libs/*", True),
        ("/*/values.yaml", False),
        ("/**/values.yaml", True),
        ("/[", True),
        ("../../..", True),
    ],
)
def test_paths_that_manifests_are_made_of(paths: str, expected: bool) -> None:
    app = Follower(AppKey("argocd", "shop"), (Source(repo_url=URL, path="apps/shop"),), paths)
    push = Push(urls=(URL,), ref=MAIN, default_branch="main", changed=FILES)
    assert bool(touched(push, [app])) is expected
    assert touched(Push(urls=(URL,), ref=MAIN, default_branch="main"), [app]), "nobody said what changed"


def test_the_paths_of_another_source_do_not_count() -> None:
    """The file is in the path of the source that follows another branch."""
    sources = (Source(repo_url=URL, path="a"), Source(repo_url=URL, path="b", target_revision="stable"))
    push = Push(urls=(URL,), ref=MAIN, default_branch="main", changed=("b/x.yaml",))
    assert touched(push, [Follower(AppKey("argocd", "shop"), sources, ".")]) == ()


def test_of_a_large_push_everything_may_have_changed() -> None:
    app = Follower(AppKey("argocd", "shop"), (Source(repo_url=URL, path="apps/shop"),), ".")
    many = tuple(f"other/{number}" for number in range(1001))
    assert touched(Push(urls=(URL,), ref=MAIN, default_branch="main", changed=many), [app])
    assert not touched(Push(urls=(URL,), ref=MAIN, default_branch="main", changed=many[:1000]), [app])


def test_only_the_touched_ones() -> None:
    keys = [AppKey("argocd", name) for name in ("one", "two", "three")]
    apps = [
        Follower(keys[0], (Source(repo_url=URL),)),
        Follower(keys[1], (Source(repo_url="https://git.example.com/acme/other"),)),
        Follower(keys[2], (Source(repo_url="https://git.example.com/acme/other"), Source(repo_url=SAME[5]))),
    ]
    push = Push(urls=("https://elsewhere.example/x", URL), ref=MAIN, default_branch="main")
    assert touched(push, apps) == (keys[0], keys[2])


def test_what_is_no_address_is_nobodys() -> None:
    app = Follower(AppKey("argocd", "odd"), (Source(repo_url="?"), Source()))
    assert touched(Push(urls=("?", ""), ref=MAIN), [app]) == ()


def test_an_application_as_json() -> None:
    body = (
        b'{"metadata": {"name": "shop", "annotations": {"argocd.argoproj.io/manifest-generate-paths": ".;/libs"}},'
        b'"spec": {"source": {"repoURL": "u", "path": "p", "targetRevision": "1.*", "helm": {"parameters": []}}}}'
    )
    key = AppKey("argocd", "shop")
    assert follower(key, body) == Follower(key, (Source(repo_url="u", path="p", target_revision="1.*"),), ".;/libs")
    assert follower(key, b'{"metadata": {"annotations": null}, "spec": {"sources": null}}') == Follower(key, ())
