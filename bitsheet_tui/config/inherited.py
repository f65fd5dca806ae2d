"""Secrets that a process hands to its children: through a descriptor, never in their environment.

/proc/PID/environ shows what a process was started with for as long as it runs (proc(5)); a file in memory is
seen by those alone that inherit it.
"""

import json
import os
from collections.abc import Mapping, MutableMapping

from bitsheet_tui.config.loading import PREFIX, SECRETS, VARIABLES
from bitsheet_tui.config.webhook import LITERALS

STORE = "BITSHEET_STORE_URL"
DESCRIPTOR = "BITSHEET_SECRETS_FD"
NAMES = frozenset({*LITERALS, *(name for name, key in VARIABLES.items() if key in SECRETS)})
MOST = 1 << 20  # bytes


def forget_settings(environ: MutableMapping[str, str]) -> None:
    """Nothing of what the environment says counts for children."""
    for name in [name for name in environ if name.startswith(PREFIX)]:
        del environ[name]


def secrets_of(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that hold secrets. To be asked before a configuration is read, which removes them."""
    return {name: environ[name] for name in NAMES if name in environ}


def hand_over(secrets: Mapping[str, str]) -> int:
    """A descriptor for children to inherit, and to be named to them by DESCRIPTOR. Raises OSError."""
    made = os.memfd_create("secrets")
    os.write(made, json.dumps(secrets).encode())
    return made


def take_over(environ: MutableMapping[str, str]) -> None:
    """Put what a parent has handed over into `environ`, from which reading a configuration removes it."""
    named = environ.pop(DESCRIPTOR, "")
    if not named.isdecimal():
        return
    try:
        given = json.loads(os.pread(int(named), MOST, 0))
        os.close(int(named))
    except (OSError, ValueError):
        return
    environ.update({name: str(given[name]) for name in NAMES if name in given})
