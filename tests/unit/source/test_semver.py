"""Version ranges, as Masterminds/semver 3 reads them."""

import random

import pytest

from trimtab.source.semver import highest, is_range, parse_range, parse_version

IN_ORDER = """
0.0.0-0 0.0.0 0.9.9
1.0.0-0 1.0.0-2 1.0.0-10 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-rc.2 1.0.0-rc.10 1.0.0
1.0.1 1.2.0 1.10.0 2.0.0
"""

# range: what it admits | what it does not
RANGES = """
*               : 0.0.1 1.2.3 99.0.0            | 1.0.0-rc.1
1.x             : 1.0.0 1.9.9                   | 0.9.9 2.0.0 1.5.0-beta
1.2.*           : 1.2.0 1.2.99                  | 1.1.9 1.3.0 1.2.3-rc.1
1.2.X           : 1.2.7                         | 1.3.0
=1.2            : 1.2.0 1.2.9                   | 1.3.0
=1.2.3          : 1.2.3 1.2.3+build             | 1.2.4 1.2.3-rc.1
!=1.2.3         : 1.2.4                         | 1.2.3 1.2.4-rc.1
!=1.2.3-0       : 1.2.3 1.2.4-rc.1              | 1.2.3-0
!=1.2           : 1.3.0 2.2.0                   | 1.2.0 1.2.9 1.3.0-rc.1
>1.2            : 1.3.0 2.0.0                   | 1.2.0 1.2.99
>1.2.3          : 1.2.4 2.0.0                   | 1.2.3 1.0.0
>=1.2           : 1.2.0 9.0.0                   | 1.1.9 1.3.0-rc.1
=>1.2           : 1.2.0                         | 1.1.9
>=1.2.0-0       : 1.2.0-alpha 1.2.0 3.0.0-rc.1  | 1.1.9
<2              : 1.9.9 0.0.1                   | 2.0.0 2.0.0-rc.1 1.0.0-rc.1
<=2             : 2.0.0 2.9.9 1.0.0             | 3.0.0
=<2.1           : 2.1.9                         | 2.2.0
<=2.1.0         : 2.1.0                         | 2.1.1
~1              : 1.0.0 1.9.0                   | 2.0.0
~1.2            : 1.2.0 1.2.9                   | 1.3.0
~1.2.3          : 1.2.3 1.2.9                   | 1.2.2 1.3.0
~>1.2.3         : 1.2.9                         | 1.3.0
~1.2.3-rc.2     : 1.2.3-rc.2 1.2.3 1.2.4-rc.1   | 1.2.3-rc.1 1.3.0-rc.1
~0.0.0          : 0.0.0 7.1.0                   | 0.0.0-rc.1
^1.2            : 1.2.0 1.99.0                  | 1.1.0 2.0.0
^1.2.3          : 1.2.3 1.3.0                   | 1.2.2 2.0.0 1.4.0-rc.1
^0.2.3          : 0.2.3 0.2.9                   | 0.3.0 1.0.0
^0.0.3          : 0.0.3                         | 0.0.4 0.1.0
^0.0            : 0.0.9                         | 0.1.0
^0              : 0.9.0                         | 1.0.0
^v1.2.3-beta.1  : 1.2.3-beta.2 1.9.0-rc.1       | 1.2.3-alpha 2.0.0-rc.1
>=1.0 <2        : 1.0.0 1.9.9                   | 0.9.9 2.0.0
>=1.0,<2        : 1.9.9                         | 2.0.0
>=1.0.0-0 <2    : 1.0.0-rc.1 1.9.9-rc.1         | 2.0.0 2.0.1-rc.1
>=1.0.0-0 <2 || >3 : 1.5.0-rc.1 4.0.0           | 4.0.0-rc.1
>= 1.0 , < 2    : 1.9.9                         | 2.0.0
>=1.1 <2 !=1.5.0 || >=3 : 1.1.0 3.0.0 4.2.0     | 1.5.0 2.5.0
1.2 - 1.4       : 1.2.0 1.4.9                   | 1.1.9 1.5.0
1.2.3 - 1.4.0 || 9.x : 1.2.3 1.4.0 9.9.9        | 1.2.2 1.4.1
"""


@pytest.mark.parametrize("line", RANGES.strip().splitlines())
def test_what_a_range_admits(line: str) -> None:
    text, _, versions = line.partition(" : ")
    admitted, refused = (part.split() for part in versions.split(" | "))
    parsed = parse_range(text.strip())
    assert parsed

    def admits(version: str) -> bool:
        found = parse_version(version)
        assert found
        return parsed.admits(found)

    assert [version for version in admitted if not admits(version)] == []
    assert [version for version in refused if admits(version)] == []


def test_versions_are_ordered_as_semver_says() -> None:
    expected = IN_ORDER.split()
    shuffled = random.Random(1).sample(expected, len(expected))
    parsed = {text: version for text in shuffled if (version := parse_version(text))}
    assert sorted(shuffled, key=lambda text: parsed[text].order()) == expected


@pytest.mark.parametrize("text", ["1.2.3", "v1.2.3", "1.2", "1", "v1", "1.2.3-rc.1", "1.2.3+build.5", "1234567"])
def test_a_version_names_one_tag(text: str) -> None:
    assert parse_version(text)
    assert not is_range(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "main",
        "release-1.2",
        "release/1.x",
        "feature/x",
        "v",
        "1.2.3.4",
        "1.2.3 ||",
        ">= bar",
        "12.3.34~ 1.2.3",
        "HEAD",
        "refs/heads/main",
        "1.2.3-" + "a" * 50_000 + "!",
        " " * 50_000 + "!",
        "9" * 50_000,
    ],
)
def test_what_is_no_range(text: str) -> None:
    assert not is_range(text)
    assert parse_range(text) is None


TAGS = ["v1.2.0", "1.2.10", "v1.2.9", "1.3.0-rc.1", "latest", "2.0", "app/3.1.0", "app/3.0.0", "10.0.0"]


@pytest.mark.parametrize(
    ("text", "prefix", "expected"),
    [
        ("1.2.*", "", "1.2.10"),
        (">=1.0 <2", "", "1.2.10"),
        (">=1.3.0-0 <2", "", "1.3.0-rc.1"),
        ("*", "", "10.0.0"),
        ("2.x", "", "2.0"),
        ("3.x", "", None),
        ("3.x", "app/", "app/3.1.0"),
        ("1.x", "app/", None),
        ("not a range", "", None),
    ],
)
def test_the_highest_tag_in_a_range(text: str, prefix: str, expected: str | None) -> None:
    for seed in range(3):
        assert highest(text, random.Random(seed).sample(TAGS, len(TAGS)), tag_prefix=prefix) == expected


def test_of_equal_versions_the_first_by_name_wins() -> None:
    assert highest("1.x", ["v1.0.0", "1.0", "1.0.0+build"]) == highest("1.x", ["1.0.0+build", "v1.0.0", "1.0"]) == "1.0"
