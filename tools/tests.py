"""`make test`: the fast lanes side by side, then the lane on a real Kubernetes. Exit code 0 only if all passed."""

import os
import subprocess
import sys
from collections.abc import Sequence

from tools.controlplane import build
from tools.controlplane.errors import BuildError

FAST = ["-n", "2", "--dist", "worksteal", "--ignore=tests/cluster"]


def main(arguments: Sequence[str]) -> int:
    """Run every lane, also after a failure of an earlier one."""
    # A test has a minute; what comes over the network may take longer, and is there before.
    subprocess.run([sys.executable, "-m", "tests.servers.oidc.provider"], check=False)
    subprocess.run([sys.executable, "-m", "tools.image", "build"], check=False)
    fast = _pytest([*FAST, *arguments], "tests")
    try:
        build.ensure()
    except BuildError as error:
        print(f"\ncluster lane not run: {error}")
        return fast or (1 if os.environ.get("CI") in ("true", "1") else 0)
    cluster = _pytest(list(arguments), "tests/cluster")
    return fast or cluster


def _pytest(options: list[str], folder: str) -> int:
    command = [sys.executable, "-m", "pytest", "-q", *options, folder]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
