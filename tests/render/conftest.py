"""What tests of rendering share: a workshop with short limits, and the case files."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from trimtab.render import Limits, Workshop


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop whose workers leave nothing behind."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    async with Workshop(limits=Limits(seconds=30, workers=1), scratch=scratch) as opened:
        yield opened
    assert list(scratch.iterdir()) == []
