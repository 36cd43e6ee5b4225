"""500 applications with nothing changed: what a forced refresh of all of them costs, in CPU, requests and writes."""

import asyncio

from bench.objects import as_yaml, objects
from bench.scenarios.fleet import refresh_all
from bench.stage import Stage, application, reported_healthy
from bench.table import Row

APPS, OBJECTS = 500, 4


async def quiet(stage: Stage) -> list[Row]:
    """All are in sync and healthy before they are asked to look again."""
    stage.repo.commit({f"apps/q{n}/all.yaml": as_yaml(objects(OBJECTS, prefix=f"q{n}")) for n in range(APPS)})
    kind = await stage.resource("Application", "argoproj.io")
    async with stage.controller() as controller:
        await stage.apply_all(
            kind, [application(f"q{n}", stage.url, path=f"apps/q{n}", namespace=f"quiet-{n}") for n in range(APPS)]
        )
        await stage.all_apps(reported_healthy, count=APPS)
        await asyncio.sleep(2.0)
        return await refresh_all(stage, controller, names=[f"q{n}" for n in range(APPS)])
