"""A place to set up, on the sandbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.setup.place import Place, a_place
from trimtab.demo.setup.pods import in_process
from trimtab.kube.config import load
from trimtab.sandbox import Sandbox
from trimtab.settings import Settings


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    async with Sandbox() as sandbox:
        config = load(sandbox.write_kubeconfig(tmp_path / "kubeconfig"), None)
        settings = Settings(cache=tmp_path / "cache", poll=3600.0, jitter=0.0, calm=0.1)
        async with a_place(config, tmp_path, monkeypatch, in_process(config, settings)) as made:
            yield made
