"""Files of a job on disk."""

from pathlib import Path

import pytest

from trimtab.errors import Stalled
from trimtab.render.files import written
from trimtab.render.jobs import SourceFile


def test_files_are_there_and_then_gone(tmp_path: Path) -> None:
    with written([SourceFile("a/b.yaml", b"x"), SourceFile("c", b"y")], tmp_path) as root:
        assert (root / "a" / "b.yaml").read_bytes() == b"x"
        assert (root / "c").read_bytes() == b"y"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x" * 300, "a/b", "d/" + "y" * 5000])
def test_names_that_no_file_can_have(name: str, tmp_path: Path) -> None:
    with (
        pytest.raises(Stalled, match="cannot be a file here"),
        written([SourceFile("a", b""), SourceFile(name, b"")], tmp_path),
    ):
        raise AssertionError("it was written")
    assert list(tmp_path.iterdir()) == []
