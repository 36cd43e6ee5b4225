"""The pods of Deployment trimtab as processes on this machine, each with the token of its ServiceAccount, no more."""

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from tests.cluster.installation import Installation
from tests.engine.world import until
from tools.controlplane.run import ControlPlane
from trimtab.demo.setup.pods import Run
from trimtab.model.keys import Manifest

ROOT = Path(__file__).parents[3]
ADDRESS = re.compile(r"serving .* at (http://127\.0\.0\.1:\d+)")
NOT_HERE = ("--cache", "--port", "--namespace", "--trusted-proxies")
"""Flags whose values are of a pod's own file system and network."""
START_SECONDS = 30.0


def as_service_account(control_plane: ControlPlane, folder: Path) -> Run:
    """Run a Deployment's container: its own arguments, and the kubeconfig of its account."""

    @contextlib.asynccontextmanager
    async def run(deployment: Manifest) -> AsyncIterator[str]:
        namespace = deployment["metadata"]["namespace"]
        pod = deployment["spec"]["template"]["spec"]
        [container] = pod["containers"]
        installation = Installation(control_plane, namespace, folder)
        kubeconfig = await asyncio.to_thread(installation.kubeconfig, pod["serviceAccountName"])
        given = [flag for flag in container["args"][1:] if flag.partition("=")[0] not in NOT_HERE]
        where = ["--kubeconfig", str(kubeconfig), "--namespace", namespace]
        # Polling is off: what is seen of a push was told by the webhook.
        own = ["--address", "127.0.0.1", "--cache", str(folder / "cache"), "--port", "0", "--poll", "0"]
        log = folder / "serve.log"
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "trimtab", container["args"][0], *where, *given, *own),
                cwd=ROOT,
                stdout=file,
                stderr=file,
            )
        try:
            yield await until(lambda: _url(log, process), bool, within=START_SECONDS)
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), 30)

    return run


async def _url(log: Path, process: asyncio.subprocess.Process) -> str:
    text = log.read_text()
    assert process.returncode is None, text
    found = ADDRESS.search(text)
    return found[1] if found else ""
