"""Licences, as packages name them."""

from email.message import Message

import pytest

from tools.image.licences import of_debian, of_python

WHERE = "/usr/share/doc/git/copyright"
FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"


def test_machine_readable_files_are_read() -> None:
    text = f"{FORMAT}\nFiles: *\nLicense: GPL-2+\n text\n\nFiles: b\nLicense:  Expat\n\nLicense: GPL-2+\n"
    assert of_debian(text, where=WHERE) == ["Expat", "GPL-2+"]


def test_of_others_it_is_said_where_they_are() -> None:
    text = "See /usr/share/common-licenses/GPL-2. Or `/usr/share/common-licenses/LGPL-2.1'."
    assert of_debian(text, where=WHERE) == [f"see {WHERE}", "GPL-2", "LGPL-2.1"]
    assert of_debian("do what you like", where=WHERE) == [f"see {WHERE}"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("License-Expression", "MIT OR Apache-2.0"), ("License", "no")], ["MIT OR Apache-2.0"]),
        ([("Classifier", "License :: OSI Approved :: MIT License"), ("License", "long\ntext")], ["MIT License"]),
        (
            [("Classifier", "Topic :: System"), ("License", "GPLv2 with linking exception")],
            ["GPLv2 with linking exception"],
        ),
        ([], []),
    ],
)
def test_python_packages_say_it_in_three_ways(fields: list[tuple[str, str]], expected: list[str]) -> None:
    metadata = Message()
    for name, value in fields:
        metadata[name] = value
    assert of_python(metadata) == expected
