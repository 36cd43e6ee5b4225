"""A place to set up on a real Kubernetes of its own, with nothing in it."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, async_playwright

from tests.cluster.setup.command_line import BEGUN
from tests.cluster.setup.processes import as_service_account
from tests.server.test_browser import ARGUMENTS, CHROMIUM
from tests.setup.place import Place, a_place
from tools.controlplane.build import Programs
from tools.controlplane.run import ControlPlane
from trimtab.kube.config import load

Person = Callable[..., contextlib.AbstractAsyncContextManager[BrowserContext]]


@pytest.fixture
def empty_cluster(programs: Programs) -> Iterator[ControlPlane]:
    with ControlPlane(programs) as running:
        yield running


@pytest.fixture
async def place(empty_cluster: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    config = load(empty_cluster.kubeconfig(), None)
    async with a_place(config, tmp_path, monkeypatch, as_service_account(empty_cluster, tmp_path)) as made:
        yield made
        while BEGUN:
            await BEGUN.pop().stop()


@pytest.fixture
async def browser(place: Place) -> AsyncIterator[Person]:
    """Chromium; `async with browser(login) as context` is somebody who is logged in at GitHub."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        @contextlib.asynccontextmanager
        async def person(login: str = "") -> AsyncIterator[BrowserContext]:
            context = await chromium.new_context(ignore_https_errors=True)
            if login:
                cookie = place.github.world.log_in(login)
                await context.add_cookies([{"name": "user_session", "value": cookie, "url": place.github.url}])
            yield context
            await context.close()

        yield person
        await chromium.close()
