"""`python -m tools.controlplane up | build | path`."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from tools.controlplane import build
from tools.controlplane.commands import Settings
from tools.controlplane.errors import BuildError, ControlPlaneError
from tools.controlplane.parts import KUBERNETES
from tools.controlplane.run import ControlPlane


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 with one line of reason on stderr."""
    options = _parser().parse_args(arguments)
    # A killed terminal or `kill PID` must stop the components in order, exactly as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        if options.command == "path":
            print(build.folder() / "bin")
        elif options.command == "build":
            print(build.ensure().bin)
        else:
            _up(Settings(audit=options.audit))
    except BuildError as error:
        print(f"cannot build the control plane: {error}", file=sys.stderr)
        return 1
    except ControlPlaneError as error:
        print(f"cannot start the control plane: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 0 if options.command == "up" else 130
    return 0


def _up(settings: Settings) -> None:
    programs = build.ensure()
    began = time.monotonic()
    with ControlPlane(programs, settings=settings) as running:
        print(f"Kubernetes {KUBERNETES} is up after {time.monotonic() - began:.1f} s: {running.server}\n")
        print(f"  export KUBECONFIG={running.kubeconfig()}")
        print(f"  export PATH={programs.bin}:$PATH\n")
        print("users:", ", ".join(f"{user.name} ({running.kubeconfig(user.name)})" for user in running.users[1:]))
        if settings.audit:
            print("audit log:", running.audit_log)
        print("Ctrl-C stops it and deletes its data.", flush=True)
        while True:
            time.sleep(1)
            running.check()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.controlplane", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start a real Kubernetes and keep it until Ctrl-C")
    up.add_argument("--audit", action="store_true", help="write an audit log of every request")
    commands.add_parser("build", help="build the programs into the cache, if they are not there")
    commands.add_parser("path", help="print the folder of the programs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
