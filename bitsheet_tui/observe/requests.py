"""Asks the running instance through the store, and waits for its answer."""

import getpass
import os
import socket
import time
from datetime import UTC, datetime

from bitsheet_tui.commands import Command, to_words
from bitsheet_tui.store.store import Store
from bitsheet_tui.sync.answers import NOT_DONE

PATIENCE = 10.0  # seconds to wait for the answer
LOOK = 0.05


def ask(store: Store, command: Command, *, patience: float | None = None) -> str | None:
    """What the instance did. None: it did not answer, and the request was taken back. Raises StoreError.

    What it did not get round to is taken back, so that it is not done some day when nobody expects it.
    """
    by = f"{_user()}@{socket.gethostname()}"
    number = store.ask(*to_words(command), by=by, at=datetime.now(UTC))
    answer = _answer(store, number, PATIENCE if patience is None else patience)
    if answer is not None:
        return answer
    taken_back = f"{NOT_DONE}taken back"
    store.answer(number, taken_back, at=datetime.now(UTC))
    answer = _answer(store, number, 0)  # it may have been quicker after all
    return None if answer == taken_back else answer


def _answer(store: Store, number: int, patience: float) -> str | None:
    deadline = time.monotonic() + patience
    while True:
        request = store.request(number)
        if request and request.answer is not None:
            return request.answer
        if time.monotonic() > deadline:
            return None
        time.sleep(LOOK)


def _user() -> str:
    """The name of who asks; the number of one whom this host has no name for, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
