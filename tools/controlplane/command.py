"""Run a build command line by line, with a sign of life each second and an end to silence."""

import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

KEPT_LINES = 200


class CommandFailed(Exception):
    """The command ended with an error, or was stopped because it stayed silent; `output` is its last lines."""

    def __init__(self, why: str, output: Sequence[str]) -> None:
        super().__init__(why)
        self.why = why
        self.output = tuple(output)


def stream(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    on_line: Callable[[str], None],
    on_second: Callable[[], None],
    silence: float,
) -> None:
    """Run to the end; both outputs go to `on_line`. After `silence` seconds without a line the command is stopped.

    Raises CommandFailed.
    """
    recent: deque[str] = deque(maxlen=KEPT_LINES)
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = _reader(process)
    heard = time.monotonic()
    try:
        while (text := _next(lines)) is not None:
            if text:
                heard = time.monotonic()
                recent.append(text)
                on_line(text)
            elif time.monotonic() - heard > silence:
                raise CommandFailed(f"nothing happened for {silence:.0f} s", recent)
            on_second()
        if process.wait() != 0:
            raise CommandFailed(_reason(recent), recent)
    finally:
        _stop(process)


def _reader(process: subprocess.Popen[str]) -> "queue.Queue[str | None]":
    """Its lines; None is the end."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for text in output:
                lines.put(text.rstrip() or " ")
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def _next(lines: "queue.Queue[str | None]") -> str | None:
    """The next line, or an empty one after a second without any."""
    try:
        return lines.get(timeout=1.0)
    except queue.Empty:
        return ""


def _reason(output: Sequence[str]) -> str:
    """The last line that says something: where Go and pip put the reason."""
    return next((text.strip() for text in reversed(output) if text.strip()), "it printed nothing")


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)  # the one on which Go removes its temporary files
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
