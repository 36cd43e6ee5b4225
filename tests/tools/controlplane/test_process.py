"""Children: their end, and the end of whoever started them."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tools.controlplane.process import LAUNCH, Component

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done"


def component(tmp_path: Path, script: str) -> Component:
    return Component("shell", ("/bin/sh", "-c", script), tmp_path, tmp_path / "log", {"PATH": os.defpath})


def wait_for(text: str, log: Path) -> None:
    deadline = time.monotonic() + 10
    while not (log.exists() and text in log.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether it has ended; a zombie that nobody reaps has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_it_ends_when_asked(tmp_path: Path) -> None:
    running = component(tmp_path, "echo ready; exec sleep 60")
    running.start()
    wait_for("ready", running.log)
    assert running.alive
    running.stop(10)
    assert running.pid is None
    assert running.exit_code == -signal.SIGTERM


def test_it_ends_when_it_does_not_listen(tmp_path: Path) -> None:
    running = component(tmp_path, STUBBORN)
    running.start()
    wait_for("ready", running.log)
    running.stop(0.05)
    assert running.exit_code == -signal.SIGKILL


def test_it_starts_again_and_its_log_goes_on(tmp_path: Path) -> None:
    running = component(tmp_path, "echo $$")
    for _ in range(2):
        running.start()
        running.wait(10)
    assert len(set(running.tail().split())) == 2
    assert running.tail(1) == running.log.read_text().split()[-1]


def test_stopping_what_never_ran_is_nothing(tmp_path: Path) -> None:
    never = component(tmp_path, "exit 1")
    never.stop(1)
    assert (never.exit_code, never.tail()) == (None, "")


def test_it_outlives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    running = component(tmp_path, "echo ready; exec sleep 60")
    asker = threading.Thread(target=running.start)
    asker.start()
    asker.join()
    wait_for("ready", running.log)
    assert running.alive
    running.stop(10)


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    log = tmp_path / "log"
    parent = f"""
import os, pathlib, time
from tools.controlplane.process import Component
one = Component("shell", ("/bin/sh", "-c", "echo $$; exec sleep 60"), pathlib.Path({str(tmp_path)!r}),
                pathlib.Path({str(log)!r}), {{"PATH": os.defpath}})
one.start()
print("started", flush=True)
time.sleep(60)
"""
    here = LAUNCH.parents[2]
    with subprocess.Popen([sys.executable, "-c", parent], cwd=here, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "started\n"
        wait_for("\n", log)
        child = int(log.read_text())
        assert not gone(child)
        process.kill()
    deadline = time.monotonic() + 10
    while not gone(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_launcher_whose_parent_is_gone_starts_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, LAUNCH, "1", "/bin/echo", "never"], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


@pytest.mark.parametrize("lines", [1, 3])
def test_a_tail_is_the_end(tmp_path: Path, lines: int) -> None:
    running = component(tmp_path, "for i in 1 2 3 4 5; do echo $i; done")
    running.start()
    running.wait(10)
    assert running.tail(lines) == "\n".join("12345"[-lines:])
