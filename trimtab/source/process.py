"""Runs git as a child process: cut off from every configuration, never asking, with a deadline."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

_GRACE = 1.0
"""Seconds between the polite signal (git then removes its lock files) and the certain one."""

_KEPT = ("PATH", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
"""What git may see of our environment. The proxies are the machine's way out, where the repository names none."""

_ISOLATED = {
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_OPTIONAL_LOCKS": "0",
}

_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.version": "2",
}


class GitFailed(Exception):
    """git ended with an error. `stderr` is its raw words: they may hold secrets until redacted."""

    def __init__(self, code: int, stderr: str) -> None:
        super().__init__(f"git ended with {code}")
        self.code = code
        self.stderr = stderr


class GitTimeout(Exception):
    """git was stopped at its deadline, after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"git was stopped after {seconds:g} s")
        self.seconds = seconds


async def run_git(
    arguments: Sequence[str],
    *,
    deadline: float,
    config: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run `git ARGUMENTS` for at most `deadline` seconds and return what it printed.

    `config` goes through the environment, so nothing of it is on the command line. Raises GitFailed, GitTimeout.
    When cancelled, git and its helpers are stopped before this returns.
    """
    process = await _start(arguments, _environment(config or {}, environment or {}))
    try:
        async with asyncio.timeout(deadline):
            out, err = await process.communicate()
    except TimeoutError:
        raise GitTimeout(deadline) from None
    finally:
        await _stop(process)
    if process.returncode:
        words = err.decode("utf-8", "replace")
        killed = f"fatal: git ended by signal {-process.returncode}\n" if process.returncode < 0 else ""
        raise GitFailed(process.returncode, words + killed)
    return out.decode("utf-8", "replace")


async def _start(arguments: Sequence[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """git, begun. When cancelled meanwhile it is stopped with all its helpers: asyncio would end git alone."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            "git",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd="/",  # in no repository, whose configuration git would read
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _stop(await starting)
        raise


def _environment(config: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    merged = {**_CONFIG, **config}
    settings = {"GIT_CONFIG_COUNT": str(len(merged))}
    for number, (key, value) in enumerate(merged.items()):
        settings[f"GIT_CONFIG_KEY_{number}"] = key
        settings[f"GIT_CONFIG_VALUE_{number}"] = value
    return {**kept, **_ISOLATED, **settings, **extra}


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the whole process group, so that no transport helper outlives git."""
    if process.returncode is not None:
        return
    _signal(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):
            await process.wait()
    _signal(process.pid, signal.SIGKILL)
    await process.wait()


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
