"""CPU seconds and memory of processes, with the children they wait for, read from /proc."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time of `pid`, of its living descendants, and of those it has waited for."""
    return sum(_own_cpu(process) for process in tree(pid))


def rss_bytes(pid: int, *, children: bool = True) -> int:
    """Resident memory of `pid`, with its descendants unless told otherwise."""
    return sum(int(_read(process, "statm").split()[1]) * PAGE for process in (tree(pid) if children else [pid]))


def tree(pid: int) -> list[int]:
    """`pid` and its descendants."""
    found = [pid]
    for process in found:
        children = Path(f"/proc/{process}/task/{process}/children")
        if children.exists():
            found.extend(int(child) for child in children.read_text().split())
    return found


def _own_cpu(pid: int) -> float:
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return sum(int(fields[at]) for at in (11, 12, 13, 14)) / TICKS if fields else 0.0


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return "0 0"
