"""What a worker can no longer do, tried in a process that confined itself as a worker does."""

import subprocess
import sys
from pathlib import Path

import pytest

import trimtab
from trimtab.render.kustomize import kubectl_path

KUBECTL = repr(kubectl_path())
ROOT = Path(trimtab.__file__).parent.parent
PROGRAM = """
import sys
sys.path.append({root!r})
from pathlib import Path
from trimtab.render.confine import confine
folder = Path({folder!r})
confine(folder, memory=256 * 1024 * 1024)
try:
{attempt}
except BaseException as error:
    print(type(error).__name__)
else:
    print("done")
"""

ATTEMPTS = {
    "tcp socket": ("import socket; socket.socket()", "PermissionError"),
    "udp socket": ("import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)", "PermissionError"),
    "unix socket": ("import socket; socket.socket(socket.AF_UNIX)", "PermissionError"),
    "read a file of the system": ("open('/etc/passwd')", "PermissionError"),
    "list the repository's folder": ("import os; os.listdir(folder.parent)", "PermissionError"),
    "write elsewhere": ("open(folder.parent / 'x', 'w')", "PermissionError"),
    "link out and read": ("(folder / 'l').symlink_to('/etc/passwd'); open(folder / 'l')", "PermissionError"),
    "memory": ("bytearray(512 * 1024 * 1024)", "MemoryError"),
    "a huge file": (
        "import os; os.posix_fallocate(os.open(folder / 'x', os.O_CREAT | os.O_RDWR), 0, 2**30)",
        "OSError",
    ),
    "write its own folder": ("(folder / 'x').write_text('y'); (folder / 'x').unlink()", "done"),
    "import a package": ("import helm_python", "done"),
    "start a program": (f"import subprocess; subprocess.check_output([{KUBECTL}, 'kustomize', '--help'])", "done"),
    "a program's network": (
        f"import subprocess; subprocess.run([{KUBECTL}, 'get', 'pods'], check=True)",
        "CalledProcessError",
    ),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_confined(name: str, tmp_path: Path) -> None:
    attempt, outcome = ATTEMPTS[name]
    folder = tmp_path / "worker"
    folder.mkdir()
    program = PROGRAM.format(root=str(ROOT), folder=str(folder), attempt=f"    {attempt}")
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.stdout.strip() == outcome, done.stderr
