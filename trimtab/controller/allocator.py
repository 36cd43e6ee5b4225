"""The C allocator told to give memory back: a burst of work must not stay in the books of a quiet controller."""

import ctypes
import gc

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""glibc's `mallopt` parameters (mallopt(3))."""
KB = 1024


def keep_lean() -> None:
    """Large buffers (TLS, request bodies) come from the system and go back to it; few collections of long-lived data.

    Without glibc only the latter.
    """
    gc.set_threshold(50_000, 20, 50)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(M_MMAP_THRESHOLD, 64 * KB)
    mallopt(M_TRIM_THRESHOLD, 256 * KB)
    mallopt(M_ARENA_MAX, 2)
