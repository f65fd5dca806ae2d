"""What keeps a process's secrets in it, and a child process from outliving its parent (prctl(2))."""

import os
import resource
import signal
from collections.abc import MutableMapping
from contextlib import suppress

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
KEY_LOG = "SSLKEYLOGFILE"


def forget_key_log(environ: MutableMapping[str, str]) -> None:
    """No file of TLS session keys, by which the webhook could be read on the wire (docs.python.org, ssl)."""
    environ.pop(KEY_LOG, None)


def seal() -> None:
    """No core dump of this process, and no debugger of its own user in it: its memory holds the webhook."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(PR_SET_DUMPABLE, 0)


def end_with(parent: int) -> None:
    """Be told to stop as soon as the thread that started this process ends. `parent` is its process."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it has ended before
        os.kill(os.getpid(), signal.SIGTERM)


def _prctl(option: int, value: int) -> None:
    """Where the system has no such call it does without."""
    try:
        from ctypes import CDLL  # noqa: PLC0415 - only a process that stays needs it

        CDLL(None).prctl(option, value, 0, 0, 0)
    except (ImportError, OSError, TypeError, AttributeError):
        return
