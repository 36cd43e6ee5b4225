"""`trimtab demo`: every step of its story is observed, and nothing of it is left."""

from pathlib import Path

import pytest

from tests.demo.played import played


@pytest.mark.timeout(180)
async def test_once_everything_is_observed(tmp_path: Path) -> None:
    async with played(tmp_path, "--once") as demo:
        assert await demo.process.wait() == 0, demo.said
        assert "Every step was observed" in demo.said
