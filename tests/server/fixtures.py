"""The fixtures of the server's tests, whatever API server they run on: each lane's conftest says which (`api`),
and as whom the server works there (`account`)."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.world import Account
from tests.server.desk import Desk, a_desk
from trimtab.kube.config import ClusterConfig


@pytest.fixture
async def empty_desk(
    api: ClusterConfig, account: Account, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Desk]:
    """A desk without configuration, whose server has not been started. A defect that it reports fails the test."""
    async with a_desk(api, tmp_path) as desk:
        desk.config = account(desk)
        yield desk
    defects = [record for record in caplog.get_records("call") if "defect" in record.getMessage()]
    assert not defects, logging.Formatter().format(defects[0])


@pytest.fixture
async def desk(empty_desk: Desk) -> Desk:
    """A desk with accounts (admin, ada who reads, eve who may do nothing) and a running server with a controller."""
    await empty_desk.prepare()
    await empty_desk.start()
    return empty_desk
