"""Starting, stopping, and the ways in."""

import json
import urllib.request
from pathlib import Path

import pytest

from tests.sandbox.client import Client, Refused
from trimtab.errors import Stalled
from trimtab.sandbox import Sandbox, sandbox_thread


async def test_a_taken_port_is_named() -> None:
    async with Sandbox() as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(Stalled, match=f"cannot listen on 127.0.0.1:{port}: .*; choose another port"):
            async with Sandbox(port=port):
                pass


def test_it_runs_on_a_thread_of_its_own(tmp_path: Path) -> None:
    with sandbox_thread() as sandbox:
        config = json.loads(sandbox.write_kubeconfig(tmp_path / "config").read_text())
        server = config["clusters"][0]["cluster"]["server"]
        with urllib.request.urlopen(f"{server}/readyz") as answer:
            assert answer.read() == b"ok"
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{server}/readyz")


def test_a_thread_that_cannot_start_says_so() -> None:
    with sandbox_thread() as first, pytest.raises(Stalled), sandbox_thread(port=int(first.url.rpartition(":")[2])):
        pass


async def test_a_version_of_an_earlier_run_has_to_begin_anew(client: Client) -> None:
    async with await client.watch("/api/v1/pods?watch=true&resourceVersion=999999") as watch:
        assert (await watch.next())["object"]["code"] == 410


@pytest.mark.parametrize("name", ["default", "kube-system"])
async def test_the_first_namespaces_stay(client: Client, name: str) -> None:
    with pytest.raises(Refused, match="this namespace may not be deleted") as refused:
        await client.delete(f"/api/v1/namespaces/{name}")
    assert refused.value.status == 403
