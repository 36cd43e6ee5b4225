"""One component as a child process: its log, its end, and never an orphan."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")
TAIL_LINES = 15

# Linux ties a child to the *thread* that started it. This one lives until the interpreter ends, so a component
# that was restarted from a short-lived worker thread does not die with that thread.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="component-starter")


@dataclass
class Component:
    """`command` in `folder`, with exactly `env`; both outputs are appended to `log`."""

    name: str
    command: Sequence[str]
    folder: Path
    log: Path
    env: Mapping[str, str]
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None and self.alive else None

    @property
    def exit_code(self) -> int | None:
        """Of the last process, when it has ended; negative for a signal."""
        return self._process.poll() if self._process is not None else None

    def start(self) -> None:
        """Does nothing when it runs."""
        if not self.alive:
            self._process = _STARTER.submit(self._spawn).result()

    def stop(self, grace: float) -> None:
        """SIGTERM, `grace` seconds, SIGKILL; returns when the process is gone."""
        self.signal(signal.SIGTERM)
        self.wait(grace)

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.alive:
            self._process.send_signal(number)

    def wait(self, grace: float) -> None:
        """Until it is gone; after `grace` seconds by force."""
        if self._process is None:
            return
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The end of the log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _spawn(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            # A session of its own: Ctrl-C reaches our caller only, who then stops everything in order.
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), *self.command],
                cwd=self.folder,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
