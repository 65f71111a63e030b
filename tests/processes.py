"""Processes that end with pytest, however that ends."""

import ctypes
import signal
import subprocess
import sys

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

_WAIT = "import subprocess, sys; sys.stdin.read(); subprocess.run(sys.argv[1:])"


def _die_with_parent():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start_process(command, **options):
    """As `subprocess.Popen`; on Linux the kernel kills the process once pytest is dead."""
    if _LIBC:
        options["preexec_fn"] = _die_with_parent
    return subprocess.Popen(command, **options)


def run_when_dead(command, **options):
    """Run a command once pytest is dead: its end closes the pipe that a helper waits on.

    Close the helper's ``stdin`` to run the command now.
    """
    helper = [sys.executable, "-c", _WAIT, *map(str, command)]
    return subprocess.Popen(helper, stdin=subprocess.PIPE, start_new_session=True, **options)
