"""Whatever schemathesis thinks of sending, the server answers as its document says, and never with a defect.

What it thinks of hangs on a seed, which a failure names; SCHEMATHESIS_SEED draws another.
"""

import asyncio
import os
import sys
from pathlib import Path

import msgspec
import pytest

from tests.server.desk import Desk
from tests.server.openapi.drive import Found, Order

ROOT = Path(__file__).parents[3]
SEED = int(os.environ.get("SCHEMATHESIS_SEED", "20261123"))
EXAMPLES, SECONDS = 8, 40.0


def known(desk: Desk) -> dict[str, str]:
    """Values of path parameters that exist."""
    apps = dict.fromkeys(("name", "appName", "applicationName", "application_metadata_name"), desk.named())
    repos = dict.fromkeys(("repo", "repo_repo", "source_repoURL"), desk.repo.url)
    return {**apps, **repos, "project": "default", "revision": desk.repo.sha(), "resource": "clusters"}


async def found(order: Order) -> Found:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.server.openapi.drive"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaints = await process.communicate(msgspec.json.encode(order))
    assert process.returncode == 0, complaints.decode()
    return msgspec.json.decode(printed, type=Found)


@pytest.mark.timeout(180)
async def test_no_defect_and_no_reply_that_is_not_described(desk: Desk) -> None:
    desk.repo.commit({"app/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"})
    await desk.create(desk.an_app())
    await desk.synced()
    token = await desk.login("admin")
    answer = await found(Order(desk.running.url, token, known(desk), SEED, EXAMPLES, SECONDS))
    assert not answer.problems, f"seed {SEED}\n\n" + "\n\n".join(answer.problems)
    assert {200, 400, 403} <= set(answer.statuses), answer
    print(f"seed {SEED}", answer.statuses, answer.slowest)
