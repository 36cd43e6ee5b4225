"""An application in sync: a Deployment, a Service and a ConfigMap."""

import pytest

from tests.server.desk import Desk
from tests.server.live.looking import deployed


@pytest.fixture
async def shop(desk: Desk) -> Desk:
    await deployed(desk)
    return desk
