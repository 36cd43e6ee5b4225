"""What tests of rendering share: workshops whose workers leave nothing behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from trimtab.render import Limits, Workshop


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def warm_workshop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workshop]:
    """One workshop for all tests of a module."""
    async for opened in _opened(tmp_path_factory.mktemp("scratch")):
        yield opened


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    """A workshop of the test's own."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    async for opened in _opened(scratch):
        yield opened


async def _opened(scratch: Path) -> AsyncIterator[Workshop]:
    async with Workshop(limits=Limits(seconds=30, workers=1), scratch=scratch) as workshop:
        yield workshop
    assert list(scratch.iterdir()) == []
