"""The list of packages has to be complete, and nothing on it idle."""

import pytest

from tools.image.errors import ImageError
from tools.image.packages import LIST, check, listed

GIT = {"Package": "git", "Depends": "libc6 (>= 2.34), perl | perl5, libcurl3-gnutls:any (>= 7)"}
LIBC = {"Package": "libc6"}
CURL = {"Package": "libcurl4", "Provides": "libcurl3-gnutls (= 7.88)", "Pre-Depends": "libc6"}


def test_a_list_has_what_is_wanted_and_what_is_left_out() -> None:
    packages = listed("# words\n\ngit   # why\nlibc6\n!perl  # why\n")
    assert packages.wanted == ("git", "libc6")
    assert packages.left_out == {"perl"}


def test_names_alternatives_and_what_is_provided_count() -> None:
    check(listed("git\nlibc6\nlibcurl4\n!perl5"), [GIT, LIBC, CURL])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("git\nlibc6\nlibcurl4\n", "git depends on perl | perl5; add it or leave it out"),
        ("git\nlibcurl4\n!perl\n", "git depends on libc6 (>= 2.34); add it or leave it out"),
        ("git\nlibc6\nlibcurl4\n!perl\n!vim\n", "nothing depends on vim"),
    ],
)
def test_what_is_missing_or_idle_is_named(text: str, said: str) -> None:
    with pytest.raises(ImageError) as raised:
        check(listed(text), [GIT, LIBC, CURL])
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_list_names_each_package_once() -> None:
    lines = [line.partition("#")[0].strip().removeprefix("!") for line in LIST.read_text().splitlines()]
    names = [line for line in lines if line]
    assert len(names) == len(set(names))
