"""An ingress on the sandbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.demo.front import Front, front
from trimtab.kube.config import load
from trimtab.sandbox import Sandbox


@pytest.fixture
async def ingress(tmp_path: Path) -> AsyncIterator[Front]:
    async with Sandbox() as sandbox:
        cluster = load(sandbox.write_kubeconfig(tmp_path / "kubeconfig"), None)
        async with front(cluster, "default", tmp_path) as made:
            yield made
