"""`trimtab serve` and `trimtab controller`: what they refuse to start with, and how they start without a cluster."""

import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.cli.conftest import Trimtab
from tests.engine.world import until

ROOT = Path(__file__).parents[2]
DEAD = """
apiVersion: v1
kind: Config
current-context: dead
clusters: [{name: dead, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: dead, user: {}}]
contexts: [{name: dead, context: {cluster: dead, user: dead}}]
"""


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--tls-cert", "tls.crt"), "belong together"),
        (("--tls-key", "tls.key"), "belong together"),
        (("--insecure", "--tls-cert", "tls.crt", "--tls-key", "tls.key"), "leave one out"),
        (("--lease-duration", "0"), "at least 1s"),
        (("--lease-duration", "-1s"), "negative"),
        (("--lease-duration", "soon"), "soon"),
        (("--port", "65536"), "65536"),
    ],
)
def test_flags_that_do_not_fit_together(trimtab: Trimtab, flags: tuple[str, ...], said: str) -> None:
    ended = trimtab("serve", *flags)
    assert ended.code == 2
    assert said in ended.err


def test_what_cannot_be_had(trimtab: Trimtab, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(DEAD)
    flags = ("--kubeconfig", str(tmp_path / "kubeconfig"), "--cache", str(tmp_path / "cache"), "--address", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = trimtab("serve", *flags, "--port", str(taken.getsockname()[1]))
    assert ended.code == 2
    assert "cannot listen on 127.0.0.1:" in ended.err
    assert "internal error" not in ended.err
    ended = trimtab("serve", *flags, "--port", "0", "--tls-cert", "none.crt", "--tls-key", "none.key")
    assert ended.code == 2
    assert "none.crt, none.key: cannot be read" in ended.err


async def test_without_an_api_server_it_lives_is_not_ready_and_obeys(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(DEAD)
    log = tmp_path / "log"
    flags = ("--kubeconfig", "kubeconfig", "--cache", "cache", "--address", "127.0.0.1", "--port", "0", "--insecure")
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "trimtab", "serve", *flags, cwd=tmp_path, stdout=sink, stderr=sink,
            env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        )  # fmt: skip

    async def said() -> str:
        return log.read_text()

    async def address() -> str:
        return (await said()).rpartition(" at http://")[2].partition("\n")[0]

    try:
        where = await until(address, bool)
        async with aiohttp.ClientSession(f"http://{where}") as session:
            async with session.get("/healthz") as response:
                assert response.status == 200
            async with session.get("/readyz") as response:
                assert response.status == 503
                assert (await response.json())["acting"] is False
        await until(said, lambda text: "Lease trimtab-controller of namespace argocd" in text)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert "Traceback" not in log.read_text()
