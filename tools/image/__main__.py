"""`python -m tools.image [build | rootfs FOLDER]`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.image import build
from tools.image.errors import ImageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 with one line of reason on stderr."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "rootfs":
            build.root_filesystem(options.folder)
        else:
            image = build.image(options.output)
            print(f"{image.file}: {image.size / 1e6:.0f} MB, {image.digest}")
    except ImageError as error:
        print(f"cannot build the image: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot build the image: {error.filename or build.home()}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.image", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("build", help="build the image as an OCI archive")
    whole.add_argument("--output", type=Path, default=build.OUTPUT, help="the file (default: %(default)s)")
    files = commands.add_parser("rootfs", help="write the files of the image into a folder")
    files.add_argument("folder", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
