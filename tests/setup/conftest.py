"""A place to set up, on the sandbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.setup.place import Place, a_place
from tests.setup.pods import in_process
from trimtab.kube.config import load
from trimtab.sandbox import Sandbox


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    async with Sandbox() as sandbox:
        config = load(sandbox.write_kubeconfig(tmp_path / "kubeconfig"), None)
        async with a_place(config, tmp_path, monkeypatch, in_process(config, tmp_path)) as made:
            yield made
