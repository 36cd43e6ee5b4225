"""What sshd runs for whoever a key lets in: asks the fake GitHub whether it may, then serves Git.

`python ssh_session.py SOCKET ALGORITHM KEY`, as a file of its own, because it has to start fast.
"""

import os
import socket
import subprocess
import sys


def main() -> int:
    """The status of Git, or 1 when it may not."""
    control, algorithm, key = sys.argv[1:]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(control)
        channel = connection.makefile("rw")
        channel.write(f"{algorithm} {key}\n{os.environ.get('SSH_ORIGINAL_COMMAND', '')}\n")
        channel.flush()
        verdict, _, text = channel.readline().rstrip("\n").partition(" ")
        if verdict != "ok":
            sys.stderr.write(f"{text}\n")
            return 1
        service, _, path = text.partition(" ")
        status = subprocess.run([service, path], check=False).returncode
        # The push is told of before the client hears that it is over.
        channel.write("done\n")
        channel.flush()
        channel.readline()
        return status


if __name__ == "__main__":
    sys.exit(main())
