"""Run by `process.py` as a script: become the given program, and die with whoever started us.

Arguments: pid of the starter, then the command. When the thread that started us ends, the kernel kills us.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(sys.argv[1]):
        os.execv(sys.argv[2], sys.argv[2:])
