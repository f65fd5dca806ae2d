"""`bitsheet-tui stop`: ends the running instance, on whatever host, and waits until it has ended."""

import os
import time
from argparse import Namespace
from contextlib import closing

from bitsheet_tui import wiring
from bitsheet_tui.cli.ending import tell
from bitsheet_tui.commands import Stop
from bitsheet_tui.config import load
from bitsheet_tui.errors import Exit, MirrorHeld, NoMirror
from bitsheet_tui.observe import requests
from bitsheet_tui.store.lock import Holder
from bitsheet_tui.store.store import Store

PATIENCE = 60.0  # seconds for a commit in hand; two are usual
LOOK = 0.1
NOBODY = Exit.TABLE_FAILED  # 1: none was running


def run(arguments: Namespace) -> int:
    """0: it has ended; 1: none was running. Raises StoreError, and MirrorHeld where it does not end."""
    config = load(arguments.config, os.environ)
    try:
        store = wiring.open_to_ask(config)
    except NoMirror:  # nobody can be holding it
        return _nobody()
    with closing(store):
        holder = store.holder()
        if holder is None:
            return _nobody()
        _end(store, holder)
        return Exit.DONE


def _nobody() -> int:
    tell("no instance is running")
    return NOBODY


def _end(store: Store, holder: Holder) -> None:
    who = _who(holder)
    answer = requests.ask(store, Stop())
    if store.holder() != holder:  # gone before it could answer, or between
        tell(f"{who} has ended")
        return
    if answer is None:
        raise MirrorHeld(f"{who} has not answered, and the request was taken back", _by_hand(holder))
    tell(f"{who}: {answer}")
    deadline = time.monotonic() + PATIENCE
    while store.holder() == holder:
        if time.monotonic() > deadline:
            raise MirrorHeld(f"{who} still runs after {PATIENCE:.0f} s", _by_hand(holder))
        time.sleep(LOOK)
    tell(f"{who} has ended")


def _who(holder: Holder) -> str:
    facts = [f"pid {holder.pid}"] if holder.pid else []
    facts += [f"on {holder.host}"] if holder.host else []
    return f"the instance ({' '.join(facts)})" if facts else "the instance"


def _by_hand(holder: Holder) -> str:
    return (
        f"on its host: kill {holder.pid}, or kill -9 where that does not end it; what was committed stays"
        if holder.pid
        else ""
    )
