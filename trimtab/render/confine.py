"""What a worker takes from itself before its first job, for good and for every program that it starts.

Memory is limited, the network is gone (seccomp refuses to make sockets), and of the disk only the worker's own folder
can be written and only programs and libraries can be read (Landlock, where the kernel has it). All of this works
without privileges.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER: Final = 2
_EACCES: Final = 13
_FILE_BYTES: Final = 512 * 1024 * 1024

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_REFUSED_CALLS: Final = {
    # socket, io_uring_setup, ptrace, process_vm_readv, process_vm_writev, pidfd_getfd
    "x86_64": (41, 425, 101, 310, 311, 438),
    "aarch64": (198, 425, 117, 270, 271, 438),
}
_X32_BIT: Final = 0x40000000
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | _EACCES

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH: Final = 1
_ACCESS_BITS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many kinds of file access each version of Landlock knows; later versions know as many as the last one here."""
_READ, _READ_FILE = 0b1101, 0b101
_WRITE_DEVICE: Final = 0b110
_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/dev/urandom")

_libc = ctypes.CDLL(None, use_errno=True)


def confine(folder: Path, *, memory: int) -> None:
    """Take effect now; `memory` in bytes. Raises OSError when the network cannot be taken away."""
    _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_FSIZE, _FILE_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    restrict_files(readable=_readable(), writable=folder)
    refuse_sockets()


def refuse_sockets() -> None:
    """Every attempt to make a socket fails with EACCES. Raises OSError where that cannot be had."""
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise OSError(f"rendering without network is not possible on {machine}")
    program = _socket_filter(machine)
    code = ctypes.create_string_buffer(program, len(program))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code)))


def restrict_files(*, readable: Iterable[Path], writable: Path) -> bool:
    """Leave only these trees. False where the kernel has no Landlock: then the walk before is the only guard."""
    version = _libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    everything = (1 << _ACCESS_BITS.get(version, max(_ACCESS_BITS.values()))) - 1
    ruleset = _call(_CREATE_RULESET, struct.pack("Q", everything), 8, 0)
    for path in readable:
        _allow(ruleset, path, _READ if path.is_dir() else _READ_FILE)
    _allow(ruleset, writable, everything)
    _allow(ruleset, Path(os.devnull), _WRITE_DEVICE)
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return True


def _readable() -> list[Path]:
    """Where Python, its packages and the system's programs and libraries are."""
    package = Path(__file__).parent.parent
    places = [
        *_SYSTEM_FOLDERS,
        sys.prefix,
        sys.base_prefix,
        *(path for path in sys.path if path != str(package.parent)),
    ]
    return [path for path in {package, *(Path(place) for place in places if place)} if path.exists()]


def _allow(ruleset: int, path: Path, access: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", access, handle), 0)
    finally:
        os.close(handle)


def _socket_filter(machine: str) -> bytes:
    """A classic BPF program over (call number, architecture); jumps count instructions to skip."""
    calls = _REFUSED_CALLS[machine]
    program = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 0, len(calls) + 3, _ARCHITECTURES[machine]),
        (_LOAD, 0, 0, 0),
        (_JUMP_AT_LEAST, len(calls) + 1, 0, _X32_BIT),
        *((_JUMP_EQUAL, len(calls) - index, 0, call) for index, call in enumerate(calls)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _prctl(option: int, argument: int, more: bytes | int = 0) -> None:
    if _libc.prctl(option, ctypes.c_ulong(argument), more, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _call(number: int, *arguments: bytes | int) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {number}: {os.strerror(ctypes.get_errno())}")
    return result
